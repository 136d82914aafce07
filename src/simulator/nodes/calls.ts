/** What does a Holdfast node script ask for? Its call lines, read as data; nothing of it is executed here. */

export type CheckCall =
  | { kind: 'service'; unit: string }
  | { kind: 'tcp'; port: number; send: string; expect: string }
  | { kind: 'http'; port: number; path: string; status: number; body: string }
  | { kind: 'command'; script: string };

export interface StepCall {
  verb: 'step';
  token: string;
  timeoutSeconds: number;
  script: string;
  /** Whether the script ends when the step fails. */
  orExit: boolean;
}

export type Call =
  | { verb: 'ready'; windowSeconds: number; checks: CheckCall[] }
  | StepCall
  | { verb: 'read'; token: string; stream: 'stdout' | 'stderr' | 'result'; offset: number; length: number }
  | { verb: 'kill'; token: string }
  | { verb: 'unknown'; line: string };

/** The line after which the calls stand; before it is a prelude of functions. */
const BEGIN = '\n# holdfast:begin\n';
const CHECKS_END = 'HF_CHECKS';

/** The calls of a script; undefined when it is not one of Holdfast's. */
export function parseCalls(script: string): Call[] | undefined {
  const begin = script.indexOf(BEGIN);
  if (begin === -1) return undefined;
  const lines = script.slice(begin + BEGIN.length).split('\n');
  const calls: Call[] = [];
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    if (line.trim() !== '') calls.push(parseCall(line, lines));
  }
  return calls;
}

function parseCall(line: string, rest: string[]): Call {
  const words = line.trim().split(/\s+/);
  const [name, token = '', second = '', third = '', fourth = ''] = words;
  switch (name) {
    case 'hf_ready':
      return { verb: 'ready', windowSeconds: Number(token), checks: takeChecks(rest) };
    case 'hf_step':
      return {
        verb: 'step',
        token,
        timeoutSeconds: Number(second),
        script: decoded(fourth),
        orExit: words.includes('||'),
      };
    case 'hf_read':
      return { verb: 'read', token, stream: streamOf(second), offset: Number(third), length: Number(fourth) };
    case 'hf_kill':
      return { verb: 'kill', token };
    default:
      return { verb: 'unknown', line };
  }
}

function streamOf(word: string): 'stdout' | 'stderr' | 'result' {
  return word === 'stderr' || word === 'result' ? word : 'stdout';
}

function takeChecks(lines: string[]): CheckCall[] {
  const checks: CheckCall[] = [];
  for (let line = lines.shift(); line !== undefined && line !== CHECKS_END; line = lines.shift()) {
    const check = parseCheck(line.split(' '));
    if (check) checks.push(check);
  }
  return checks;
}

function parseCheck([kind, a = '', b = '', c = '', d = '-']: string[]): CheckCall | undefined {
  switch (kind) {
    case 'service':
      return { kind, unit: a };
    case 'tcp':
      return { kind, port: Number(a), send: decoded(b), expect: decoded(c) };
    case 'http':
      return { kind, port: Number(a), path: b, status: Number(c), body: decoded(d) };
    case 'command':
      return { kind, script: decoded(a) };
    default:
      return undefined;
  }
}

function decoded(word: string): string {
  return word === '-' || word === '' ? '' : Buffer.from(word, 'base64').toString('utf8');
}
