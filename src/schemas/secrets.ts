/** Does a value look like a secret? What is submitted stays readable in histories, tags and result folders. */

interface Rule {
  /** What it looks like, for the message. The value itself is never repeated. */
  what: string;
  pattern: RegExp;
}

/** Values with a form of their own: wherever they stand, they are what they look like. */
const FORMS: readonly Rule[] = [
  // AWS's own documentation uses keys that end in EXAMPLE.
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}\b/ },
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})/ },
  { what: 'a GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{20,}/ },
  { what: 'a Slack token', pattern: /\bxox[abeprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Slack webhook', pattern: /https:\/\/hooks\.slack\.com\/services\/T\w{6,}\/B\w{6,}\/\w{16,}/ },
  { what: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}\b/ },
  { what: 'a Stripe key', pattern: /\b[rs]k_live_[0-9A-Za-z]{20,}/ },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { what: 'a PyPI token', pattern: /\bpypi-AgEIcHlwaS5vcmc[\w-]{20,}/ },
  { what: 'an API key', pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}/ },
  { what: 'a signed token (JWT)', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
  // A password written as $VARIABLE, {placeholder} or <placeholder> is a reference.
  { what: 'a URL with a password', pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*:(?![$<{*])[^\s/:@'"]{3,}@[\w[]/i },
];

/** A name that announces a secret, as the last word of a variable, tag or field. */
const SECRET_NAME =
  '(?:password|passwd|passphrase|secret|secret_?access_?key|api_?key|auth_?token|access_?token|token)';
const NAMED = new RegExp(`(?:^|[_.-]|[a-z](?=[A-Z]))${SECRET_NAME}$`, 'i');
/**
 * An assignment inside a script: `DB_PASSWORD=...` or `password: ...`. Eight characters with a letter and a digit that
 * hold no `$`, blank or bracket: words, paths to look up and command substitutions are none.
 */
const ASSIGNED = new RegExp(
  `\\b(?:\\w*_)?${SECRET_NAME}["']?\\s*[=:]\\s*["']?(?=[^\\s"']*\\d)(?=[^\\s"']*[A-Za-z])([^\\s"'$(){}<>/\\\\;]{8,}(?:[/+][^\\s"'$(){}<>\\\\;]*)?)["']?(?:\\s|;|$)`,
  'i',
);
/** Shorter values are switches and numbers. */
const LEAST_CHARACTERS = 8;
/** References and other things that are no secret themselves: `$TOKEN`, `ssm:/path`, a path, an ARN, a URL. */
const REFERENCE = /^(?:[$<{/~.]|ssm:|env:|file:|arn:|https?:)|\s/;

const ADVICE =
  'a spec stays readable in the history of its workflow and in its results, so rotate it if this was ever sent,' +
  ' keep it in an SSM parameter and read it on the node: aws ssm get-parameter --with-decryption';

/** One line per text of the input that looks like a secret: `steps.0.env.TOKEN: looks like ...`. */
export function secretProblems(input: unknown): string[] {
  return texts(input, []).flatMap(({ path, text }) => {
    const what = looksLike(path, text);
    return what === undefined ? [] : [`${path.join('.')}: looks like ${what}; ${ADVICE}`];
  });
}

function looksLike(path: readonly string[], text: string): string | undefined {
  const form = FORMS.find(({ pattern }) => pattern.test(text));
  if (form !== undefined) return form.what;
  if (isNamedSecret(path, text)) return `a secret by its name`;
  return ASSIGNED.test(text) ? 'a script with a secret in it' : undefined;
}

/** Only where the user chooses the name: variables of steps, and tags. */
function isNamedSecret(path: readonly string[], text: string): boolean {
  const [owner, name] = path.slice(-2);
  if (name === undefined || (owner !== 'env' && owner !== 'tags') || !NAMED.test(name)) return false;
  return text.length >= LEAST_CHARACTERS && !REFERENCE.test(text);
}

function texts(value: unknown, path: readonly string[]): { path: readonly string[]; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, [...path, key]));
}
