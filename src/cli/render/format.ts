/** How are money, time and counts written? */

/** `$12.30`, `$0.0312`: below a dollar four digits, since spot prices differ in the fourth. */
export function money(usd: number): string {
  return `$${usd.toFixed(Math.abs(usd) >= 1 ? 2 : 4)}`;
}

/** `0.4s`, `12s`, `3m05s`, `2h10m`, `3d04h`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)}s`;
  if (whole < 60) return `${String(whole)}s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${String(Math.floor(whole / 3600))}h${two(Math.floor((whole % 3600) / 60))}m`;
  return `${String(Math.floor(whole / 86_400))}d${two(Math.floor((whole % 86_400) / 3600))}h`;
}

/** Seconds from one ISO time to another. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** `12:03:59` in UTC. */
export function clock(iso: string): string {
  return iso.slice(11, 19);
}

/** `1 node`, `3 nodes`. */
export function count(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** How much cheaper than on-demand, e.g. `62 % less`; empty when there is nothing to compare. */
export function saving(paid: number, onDemand: number): string {
  if (onDemand <= 0 || paid >= onDemand) return '';
  return `${String(Math.round((1 - paid / onDemand) * 100))} % less`;
}
