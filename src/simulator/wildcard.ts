/** Does a text match a pattern with `*` (any text) and `?` (any one character)? As EC2 filters have it; `\` escapes. */

const compiled = new Map<string, RegExp>();
/** Patterns kept compiled; more than a busy test uses, small enough to forget. */
const MAX_COMPILED = 5000;

export function matches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === text) return true;
  return hasWildcard(pattern) ? regexOf(pattern).test(text) : false;
}

export function hasWildcard(pattern: string): boolean {
  return /[*?\\]/.test(pattern);
}

function regexOf(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const source = pattern.replace(
    /\\([*?\\])|([*?])|([^*?\\]|\\)/g,
    (_all, escaped?: string, wild?: string, plain?: string) => {
      if (wild) return wild === '*' ? '.*' : '.';
      return (escaped ?? plain ?? '').replace(/[.+^${}()|[\]\\*?/-]/g, '\\$&');
    },
  );
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  const regex = new RegExp(`^${source}$`, 's');
  compiled.set(pattern, regex);
  return regex;
}
