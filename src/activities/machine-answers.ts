/** What did the machines answer to a check command? Gates by what setup and checks printed. */
import type { CommandsPort, Invocation } from '../aws/ports';
import { parseChecks, parseStep, type CheckReport as CheckLine } from '../policy/node-script';
import type { CheckReport } from '../policy/readiness';
import type { Asked } from './machine-checks';

/** What came of a command: reports of the nodes that answered, and the command as long as others still may. */
export async function answersTo(
  commands: CommandsPort,
  asked: Asked,
  services: number,
  signal: AbortSignal,
): Promise<{ reports: CheckReport[]; open?: Asked }> {
  const invocations = await commands.invocations(asked.commandId, { signal });
  const ended = invocations.filter((entry) => asked.ids.includes(entry.instanceId) && hasEnded(entry));
  const reports = ended.map((entry) => reportOf(entry, asked.at, services));
  const open = asked.ids.filter((id) => !ended.some((entry) => entry.instanceId === id));
  return open.length === 0 || Date.now() > asked.staleAt ? { reports } : { reports, open: { ...asked, ids: open } };
}

/** Whether nothing more will come of it. */
export function hasEnded(invocation: Invocation): boolean {
  return !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(invocation.status);
}

/** The gates in a node's answer: setup first, then all units, then all endpoints. */
function reportOf(invocation: Invocation, askedAt: string, services: number): CheckReport {
  const { instanceId, stdout, status } = invocation;
  const setup = parseStep(stdout);
  const checks = parseChecks(stdout);
  const gates: CheckReport['gates'] = [];
  if (setup !== undefined && setup.exitCode !== 0) {
    const seen =
      setup.exitCode === 124
        ? 'the setup script ran over its limit'
        : `the setup script exited ${String(setup.exitCode)}`;
    return { instanceId, askedAt, gates: [{ gate: 'setup', passed: false, seen, final: true }] };
  }
  if (setup === undefined && checks.length === 0) {
    return {
      instanceId,
      askedAt,
      gates: [{ gate: 'setup', passed: false, seen: `the check command ended ${status}` }],
    };
  }
  gates.push({
    gate: 'setup',
    passed: true,
    seen: setup === undefined ? 'nothing to set up' : 'the setup script exited 0',
  });
  gates.push(
    gateOf(
      'service',
      checks.filter((check) => check.index < services),
    ),
  );
  gates.push(
    gateOf(
      'endpoint',
      checks.filter((check) => check.index >= services),
    ),
  );
  return { instanceId, askedAt, gates };
}

function gateOf(gate: 'service' | 'endpoint', checks: CheckLine[]): CheckReport['gates'][number] {
  const missed = checks.filter((check) => check.verdict !== 'pass');
  const told = missed.length > 0 ? missed : checks;
  const seen = told.map((check) => check.evidence).join('; ');
  return { gate, passed: missed.length === 0, seen: seen === '' ? 'none declared' : seen };
}
