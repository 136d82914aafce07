/** What does docs/failures.md say? Written from the tables that the program itself reads. */
import { exitCodeOf } from '../../src/cli/exit';
import { FAILURES, failureRow, type FailureType } from '../../src/contracts/failures';
import type { Reason } from '../../src/contracts/messages';
import { ERROR_TABLE, MESSAGE_EXCEPTIONS, type ErrorChannel, type ErrorRow } from '../../src/policy/error-table';
import { classify, failureOf, isOutcome } from '../../src/policy/refusals';
import { code, table } from './table';

/** Who has to do what; the compiler holds it to the closed list. */
const REASONS: Record<Reason, string> = {
  Spec: 'The spec is wrong: read the lines.',
  Policy: 'A permission is missing, or a tag forbids it.',
  Budget: 'The money limit was reached.',
  Quota: 'A vCPU quota is too small; the message says which and by how much.',
  Capacity: 'Every pool of the chain refused; name more types or regions.',
  Interrupted: 'A node was taken away while it was needed.',
  NotReady: 'A node missed a gate; the message names it with what was seen last.',
  Workload: 'A step ended with an exit code other than 0; its output is in the result folder.',
  Timeout: 'A step ran over its limit, or the lease ended.',
  Internal: 'Temporal, AWS or Holdfast itself failed; the message says where.',
  User: 'Stopped or cancelled.',
};

/** What the loss of a node means, by the moment in which it is noticed. */
const MOMENTS: [moment: string, outcome: string][] = [
  ['while others are bought', 'Kept until readiness, where the node misses its `ec2` gate when it has ended.'],
  [
    'in readiness',
    'A node that has ended misses its gate and is replaced, at most `replacements` times; its pool is asked last. One under notice that still becomes ready is replaced as soon as the experiment is Ready.',
  ],
  [
    'Ready, Running, Collecting',
    "The component's `onInterruption`: `replace`, `restart-all`, `fail` (Interrupted) or `ignore`. The phase is Recovering meanwhile, and steps follow their `onDisturbed`. With its `failovers` used up the experiment fails as Interrupted; without room for a replacement as Capacity, unless `minReady` members are left.",
  ],
  [
    'while its slot is being replaced',
    'A replacement that ends is replaced in turn, at most `replacements` times, then the experiment fails as Interrupted unless `minReady` members are left. One under notice takes the slot first and is replaced after that.',
  ],
  ['while another slot is being replaced', 'A failover of its own beside the first.'],
  ['of a standby', 'Another standby is made, as long as the component has failovers left; the members notice nothing.'],
  ['Held', 'Written into the result as missed; nothing is replaced.'],
  ['TearingDown', 'Told in the timeline; everything is being ended anyway.'],
];

/** The page, before Prettier. */
export function failuresPage(): string {
  return [
    '# Failures, refusals and exit codes',
    '<!-- Written by `npx tsx test/docs/reference.ts` from src/contracts/failures.ts, src/policy/error-table.ts and' +
      ' src/cli/exit.ts; a test compares them. -->',
    'What the workflow has a next move for is an outcome: a refused pool is recorded with its code and the next one is' +
      ' asked. What needs a retry or a person is a failure, with one of these words as its type in the Temporal UI.',
    '## Failure types',
    table(
      ['type', 'repeated', 'meaning'],
      Object.keys(FAILURES).map((type) => failureLine(type as FailureType)),
    ),
    '## Reasons and exit codes',
    'How a failed experiment is told, in the search attribute `HoldfastReason` and as the exit code of `holdfast run`,' +
      ' `attach` and `demo`. Done is 0; Cancelled and Expired are 4. `holdfast cleanup` ends with 0 clean, 5 blocked,' +
      ' 6 protected, 7 unproven.',
    table(
      ['reason', 'exit code', 'what it means'],
      Object.entries(REASONS).map(([reason, meaning]) => [
        reason,
        String(exitCodeOf({ phase: 'Failed', reason: reason as Reason })),
        meaning,
      ]),
    ),
    '## When a node is taken away',
    'Losses within two seconds are one launch request per component. A replacement is ready before the old node is' +
      ' ended, and the record in `interruptions` says when each was noticed, asked for, running, ready and promoted.',
    table(['noticed', 'outcome'], MOMENTS),
    'What is replaced by choice (`replaceNode`, a return to spot, a sibling at risk) is bought first and ended last:' +
      ' when no pool has room, the node stays, and neither the experiment nor its `failovers` are touched. Of a' +
      ' `quorum`, never more than a minority is out at once by choice, counted from the moment in which a replacement' +
      ' is asked for until it has the slot; slots that are empty or being taken by AWS count as out.',
    '## AWS error codes',
    'Each code has one class and one scope: how much it blocks. A code that is not here is asked once per pool and' +
      ' shown as `unknown`.',
    groups().map(groupLine).join('\n'),
    '## Codes whose message matters',
    'Nothing else reads a message.',
    table(
      ['code', 'message contains', 'class', 'scope', 'note'],
      MESSAGE_EXCEPTIONS.map((row) => [code(row.code), row.text, row.class, row.scope, row.note ?? '']),
    ),
  ].join('\n\n');
}

function failureLine(type: FailureType): string[] {
  const { terminal, retryAfterMs, meaning, source } = failureRow(type);
  const after = retryAfterMs === undefined ? 'yes' : `after ${String(retryAfterMs / 1000)} s`;
  return [code(type), terminal ? 'never' : after, source === undefined ? meaning : `${meaning} ([AWS](${source}))`];
}

/** Rows of one meaning together. */
function groups(): ErrorRow[][] {
  const byMeaning: Record<string, ErrorRow[]> = {};
  for (const row of ERROR_TABLE) {
    (byMeaning[JSON.stringify({ ...row, code: '' })] ??= []).push(row);
  }
  return Object.values(byMeaning);
}

function groupLine(rows: ErrorRow[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const blocks = first.scope === 'none' ? 'blocks nothing' : `blocks the ${first.scope}`;
  const place = SEEN_IN[first.channel ?? 'call'];
  const note = first.note === undefined ? '' : ` (${first.note})`;
  const codes = rows.map((row) => code(row.code)).join(', ');
  return `- **${first.class}**, ${blocks}${place}${followsFrom(first)}${note}: ${codes}`;
}

const SEEN_IN: Record<ErrorChannel, string> = {
  call: '',
  'state-reason': ', as StateReason of an instance',
  'spot-status': ', as status of a spot request',
};

/** Only a call throws; what a state or a spot request says is judged together with the rest of the reply. */
function followsFrom(row: ErrorRow): string {
  const { class: kind } = classify(row.code);
  if (isOutcome(kind)) return '; the chain goes on';
  if (row.channel !== undefined) return '';
  return kind === 'done' ? '; counts as success' : `; fails with ${code(failureOf(row.code))}`;
}
