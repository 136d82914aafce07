/** Would a readiness check pass on a scripted node now? The evidence reads as the real node script writes it. */
import type { PortScript } from '../scenario';
import type { CheckCall } from './calls';
import { commandOutcome } from './commands';
import type { SimNode } from './node';
import { portsOf, unitStateAt, unitsOf } from './units';

export interface CheckResult {
  verdict: 'pass' | 'fail' | 'wait';
  evidence: string;
}

/** Services first; while one is not active the other checks wait. */
export function judge(node: SimNode, checks: readonly CheckCall[], now: number): CheckResult[] {
  const down = checks.some((check) => check.kind === 'service' && unitStateAt(node, check.unit, now) !== 'active');
  return checks.map((check) => {
    if (check.kind !== 'service' && down) return { verdict: 'wait', evidence: 'waits for the services' };
    const { passed, seen } = look(node, check, now);
    return { verdict: passed ? 'pass' : 'fail', evidence: plain(seen) };
  });
}

interface Look {
  passed: boolean;
  seen: string;
}

function look(node: SimNode, check: CheckCall, now: number): Look {
  switch (check.kind) {
    case 'service': {
      const state = unitStateAt(node, check.unit, now);
      return { passed: state === 'active', seen: `${check.unit} ${state}` };
    }
    case 'tcp':
      return tcp(check, listener(node, check.port, now));
    case 'http':
      return http(check, listener(node, check.port, now));
    case 'command': {
      const { exitCode, stdout, stderr } = commandOutcome(node, check.script);
      const last = `${stdout}${stderr}`.trimEnd().split('\n').at(-1) ?? '';
      return { passed: exitCode === 0, seen: `exit ${exitCode} ${last}` };
    }
  }
}

/** What answers on a port: a unit's script, `open` when no unit declares the port and all are up, else nothing. */
function listener(node: SimNode, port: number, now: number): PortScript | 'open' | undefined {
  const declared = portsOf(node).filter(({ script }) => script.port === port);
  if (declared.length > 0) return declared.find(({ unit }) => unitStateAt(node, unit, now) === 'active')?.script;
  return unitsOf(node).every((unit) => unitStateAt(node, unit, now) === 'active') ? 'open' : undefined;
}

function tcp({ port, send, expect }: CheckCall & { kind: 'tcp' }, script: PortScript | 'open' | undefined): Look {
  if (script === undefined) return { passed: false, seen: `tcp ${port} Connection refused` };
  if (expect === '') return { passed: true, seen: `tcp ${port} open` };
  const reply = script === 'open' ? expect : (script.tcp?.replies[send.trim()] ?? '');
  if (reply.includes(expect)) return { passed: true, seen: `tcp ${port} answered ${expect}` };
  return { passed: false, seen: `tcp ${port} expected ${expect}, got ${reply || 'nothing'}` };
}

function http(check: CheckCall & { kind: 'http' }, script: PortScript | 'open' | undefined): Look {
  const where = `http ${check.port} ${check.path}`;
  if (script === undefined) return { passed: false, seen: `${where} Connection refused` };
  if (script === 'open') return { passed: true, seen: `${where} ${check.status}` };
  const { status, body = '' } = pageOf(script, check.path);
  if (status !== check.status) return { passed: false, seen: `${where} ${status}, expected ${check.status}` };
  const passed = body.includes(check.body);
  return { passed, seen: passed ? `${where} ${status}` : `${where} ${status} without ${check.body}` };
}

/** The page of a port's script; 404 where it has none. */
export function pageOf(script: PortScript, path: string): { status: number; body?: string } {
  return script.http?.[path] ?? script.http?.[path.replace(/\?.*$/, '')] ?? { status: 404, body: 'not found' };
}

/** One line of at most 120 printable characters, as the protocol has it. */
function plain(seen: string): string {
  return seen
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 120)
    .trimEnd();
}
