import { crc32, deflateRawSync } from 'node:zlib';
import { joined, uint, utf8 } from './bytes.ts';

/** A member of an archive; each number may be a lie. Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3. */
export interface Member {
  readonly name: string | Uint8Array;
  readonly content?: Uint8Array | string;
  readonly isDeflated?: boolean;
  /** What lies in the file in the place of what the content makes. */
  readonly packed?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly packedBytes?: number;
  readonly byteLength?: number;
  /** Where the directory says that it begins. */
  readonly offset?: number;
  readonly extra?: Uint8Array;
  readonly externalAttributes?: number;
  /** In the header in front of the content; what is not here is as in the directory. */
  readonly local?: Partial<Pick<Member, 'name' | 'method' | 'packedBytes' | 'byteLength' | 'flags'>>;
  /** Whether the directory alone has it: its content is another's. */
  readonly isGhost?: boolean;
}

export interface ArchiveParts {
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
  readonly count?: number;
  readonly directoryAt?: number;
  readonly comment?: Uint8Array;
  readonly commentBytes?: number;
  /** Between directory and end. */
  readonly zip64?: Uint8Array;
}

export function archive(members: readonly Member[], parts: ArchiveParts = {}): Uint8Array {
  const { before = new Uint8Array(), after = new Uint8Array(), comment = new Uint8Array() } = parts;
  const pieces: Uint8Array[] = [before];
  let end = before.length;
  const directory = members.map((member) => {
    const at = end;
    const { head, packed } = headed(member);
    if (!member.isGhost) {
      pieces.push(head, packed);
      end += head.length + packed.length;
    }
    return directoryEntry(member, packed, at);
  });
  const listed = joined(...directory);
  const last = joined(
    ...[
      uint(0x06054b50, 4),
      uint(0, 4),
      uint(parts.count ?? members.length, 2),
      uint(parts.count ?? members.length, 2),
    ],
    ...[uint(listed.length, 4), uint(parts.directoryAt ?? end, 4), uint(parts.commentBytes ?? comment.length, 2)],
  );
  return joined(...pieces, listed, parts.zip64 ?? new Uint8Array(), last, comment, after);
}

const bytesOf = (content: Uint8Array | string = ''): Uint8Array => (typeof content === 'string' ? utf8(content) : content); // prettier-ignore

function packedOf({ content, packed, isDeflated }: Member): Uint8Array {
  const whole = bytesOf(content);
  return packed ?? (isDeflated ? new Uint8Array(deflateRawSync(whole)) : whole);
}

/** Version, flags, method, time, date, checksum, both sizes: the same in both headers. */
function facts(member: Member, packed: Uint8Array): Uint8Array {
  const whole = bytesOf(member.content);
  return joined(
    ...[uint(20, 2), uint(member.flags ?? 0, 2), uint(member.method ?? (member.isDeflated ? 8 : 0), 2), uint(0, 4)],
    uint(member.crc ?? crc32(whole), 4),
    ...[uint(member.packedBytes ?? packed.length, 4), uint(member.byteLength ?? whole.length, 4)],
  );
}

function headed(member: Member): { head: Uint8Array; packed: Uint8Array } {
  const local = { ...member, ...member.local };
  const name = bytesOf(local.name);
  const packed = packedOf(member);
  const sizes = joined(uint(name.length, 2), uint(0, 2));
  return { head: joined(uint(0x04034b50, 4), facts(local, packed), sizes, name), packed };
}

function directoryEntry(member: Member, packed: Uint8Array, at: number): Uint8Array {
  const name = bytesOf(member.name);
  const extra = member.extra ?? new Uint8Array();
  return joined(
    ...[uint(0x02014b50, 4), uint(0x0314, 2), facts(member, packed), uint(name.length, 2), uint(extra.length, 2)],
    ...[uint(0, 2), uint(0, 2), uint(0, 2), uint(member.externalAttributes ?? 0, 4), uint(member.offset ?? at, 4)],
    ...[name, extra],
  );
}
