/*
 * What the browser forbids the page. Errors of fetch(), import() and Worker do not say that a Content-Security-Policy was
 * behind them; the event beside them does.
 */

/** @param explain the error again, with what the policy would have to allow. */
export async function underPolicy<T>(
  work: () => Promise<T>,
  explain: (error: unknown, remedy: string) => unknown,
): Promise<T> {
  const forbidden: SecurityPolicyViolationEvent[] = [];
  const note = (event: SecurityPolicyViolationEvent) => {
    if (event.disposition === 'enforce') forbidden.push(event);
  };
  const scope = globalThis as EventTarget;
  scope.addEventListener('securitypolicyviolation', note as EventListener);
  try {
    return await work();
  } catch (error) {
    // The event comes in a task of its own.
    await new Promise((resolve) => setTimeout(resolve, 0));
    throw forbidden[0] ? explain(error, remedyFor(forbidden[0])) : error;
  } finally {
    scope.removeEventListener('securitypolicyviolation', note as EventListener);
  }
}

function remedyFor({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent): string {
  const directive = effectiveDirective.replace(/-elem$/, '');
  const allow = (what: string, where = directive) =>
    `The page's Content-Security-Policy has to allow ${what} in ${where}.`;
  if (/^(wasm-)?eval$/.test(blockedURI)) return allow("'wasm-unsafe-eval'", 'script-src');
  if (directive.includes('trusted-types')) return allow(TRUSTED_TYPES, 'trusted-types');
  return allow(URL.canParse(blockedURI) ? new URL(blockedURI).origin : `${blockedURI}:`);
}

/** The name of the only policy of Trusted Types that the library makes. */
const TRUSTED_TYPES = 'edgefold';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let policy: ReturnType<TrustedTypes['createPolicy']> | undefined;

/** The URL of a script of this package as `Worker` takes it where a page demands Trusted Types. */
export function trustedScript(url: string): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  if (!trustedTypes) return url;
  policy ??= trustedTypes.createPolicy(TRUSTED_TYPES, { createScriptURL: (script) => script });
  return policy.createScriptURL(url);
}
