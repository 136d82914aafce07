/** Do scripted and executing nodes answer Holdfast's node scripts alike, and truthfully? */
import { StopInstancesCommand, StartInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { CancelCommandCommand, ListCommandsCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  READ_SLICE_BYTES,
  killScript,
  parseChecks,
  parseStep,
  readScript,
  readyScript,
  setupThenReadyScript,
  stepScript,
} from '../../src/policy/node-script';
import type { NodeCheck, StepRequest } from '../../src/policy/node-script';
import type { ScenarioPatch } from '../../src/simulator';
import { eventually, openLab, type Lab } from './nodes-support';

let lab: Lab;
afterEach(() => lab.close());

function step(over: Partial<StepRequest> = {}): StepRequest {
  return { token: 'step-1', timeoutSeconds: 60, env: {}, script: 'true', ...over };
}

async function ready(id: string, checks: NodeCheck[], windowSeconds = 0) {
  const { Status, StandardOutputContent = '' } = await lab.shell(id, readyScript({ windowSeconds, checks }));
  expect(Status).toBe('Success');
  return parseChecks(StandardOutputContent);
}

async function runStep(id: string, request: StepRequest) {
  return parseStep((await lab.shell(id, stepScript(request))).StandardOutputContent ?? '');
}

async function readBack(id: string, stream: 'stdout' | 'stderr' | 'result', bytes = 0): Promise<string> {
  const slices: Buffer[] = [];
  for (let offset = 0; offset < bytes; offset += READ_SLICE_BYTES) {
    const script = readScript({ token: 'step-1', stream, offset, length: READ_SLICE_BYTES });
    slices.push(Buffer.from((await lab.shell(id, script)).StandardOutputContent ?? '', 'base64'));
  }
  return gunzipSync(Buffer.concat(slices)).toString();
}

const ZOOKEEPER: NodeCheck[] = [
  { kind: 'service', unit: 'zookeeper.service' },
  { kind: 'tcp', port: 2181, send: 'ruok', expect: 'imok' },
];

const PULSAR: ScenarioPatch = {
  nodes: {
    components: {
      zookeeper: {
        services: {
          'zookeeper.service': {
            autostart: true,
            delay: [600, 600],
            ports: [{ port: 2181, tcp: { replies: { ruok: 'imok' } } }],
          },
        },
      },
      broker: {
        services: {
          'pulsar-broker.service': {
            autostart: false,
            delay: [100, 100],
            ports: [{ port: 8080, http: { '/admin/v2/brokers/health': { status: 200, body: 'ok' } } }],
          },
        },
      },
      broken: { services: { 'zookeeper.service': { autostart: true, delay: [0, 0], fails: true } } },
    },
    overrides: [
      {
        component: 'zookeeper',
        ordinal: 1,
        script: { services: { 'zookeeper.service': { autostart: true, delay: [0, 0], fails: true } } },
      },
    ],
    default: {
      // In exec mode these words come from the scripts themselves.
      steps: [
        { match: 'exit 3', exitCode: 3, stdout: 'out\n', stderr: 'err\n', result: '{"rate":5}\n', seconds: 0.1 },
        { match: 'sleep 60', seconds: 60 },
      ],
      commands: [{ match: 'exit 9', exitCode: 9, stdout: 'no\n' }],
    },
  },
};

describe.each([
  { mode: 'scripted', exec: false },
  { mode: 'executing', exec: true },
])('$mode nodes', ({ exec }) => {
  const open = async () => (lab = await openLab(PULSAR, { exec }));

  it('show a service coming up, its port only when it is active, and the same evidence', async () => {
    await open();
    const [id = ''] = await lab.launchOnline({ tags: { Component: 'zookeeper', ExperimentID: 'one' } });

    const early = await ready(id, ZOOKEEPER);
    const late = await ready(id, ZOOKEEPER, 10);

    expect(early).toEqual([
      { index: 0, verdict: 'fail', evidence: 'zookeeper.service activating' },
      { index: 1, verdict: 'wait', evidence: 'waits for the services' },
    ]);
    expect(late).toEqual([
      { index: 0, verdict: 'pass', evidence: 'zookeeper.service active' },
      { index: 1, verdict: 'pass', evidence: 'tcp 2181 answered imok' },
    ]);
    const wrong: NodeCheck[] = [
      { kind: 'tcp', port: 2181, send: 'srvr', expect: 'Mode' },
      { kind: 'tcp', port: 2182 },
      { kind: 'command', script: 'echo no; exit 9' },
    ];
    expect((await ready(id, wrong)).map(({ verdict }) => verdict)).toEqual(['fail', exec ? 'fail' : 'pass', 'fail']);
    expect((await lab.ledger()).resources.find((one) => one.id === id)?.draws).toMatchObject({
      'service:zookeeper.service': 600,
    });
  });

  it('start a service by a setup step and check it in the same command', async () => {
    await open();
    const [id = ''] = await lab.launchOnline({ tags: { Component: 'broker' } });
    const checks: NodeCheck[] = [
      { kind: 'service', unit: 'pulsar-broker.service' },
      { kind: 'http', port: 8080, path: '/admin/v2/brokers/health', status: 200, body: 'ok' },
    ];

    const before = await ready(id, checks);
    const setup = step({ script: 'set -e\nsystemctl daemon-reload\nsystemctl enable --now pulsar-broker.service' });
    const { StandardOutputContent = '' } = await lab.shell(
      id,
      setupThenReadyScript({ step: setup, ready: { windowSeconds: 10, checks } }),
    );

    expect(before[0]).toEqual({ index: 0, verdict: 'fail', evidence: 'pulsar-broker.service inactive' });
    expect(parseStep(StandardOutputContent)?.exitCode).toBe(0);
    expect(parseChecks(StandardOutputContent)).toEqual([
      { index: 0, verdict: 'pass', evidence: 'pulsar-broker.service active' },
      { index: 1, verdict: 'pass', evidence: 'http 8080 /admin/v2/brokers/health 200' },
    ]);
    await lab.shell(id, stepScript(step({ token: 'stop', script: 'systemctl stop pulsar-broker.service' })));
    expect((await ready(id, checks))[0]?.evidence).toBe('pulsar-broker.service inactive');
  });

  it('make no check after a setup that failed', async () => {
    await open();
    const [id = ''] = await lab.launchOnline();
    const request = { step: step({ script: 'exit 3' }), ready: { windowSeconds: 0, checks: ZOOKEEPER } };

    const { StandardOutputContent = '', Status } = await lab.shell(id, setupThenReadyScript(request));

    expect(Status).toBe('Success');
    expect(parseStep(StandardOutputContent)?.exitCode).toBe(3);
    expect(parseChecks(StandardOutputContent)).toEqual([]);
  });

  it('keep a failing service failed, by component and by ordinal', async () => {
    await open();
    const tags = { ExperimentID: 'one' };
    const [broken = ''] = await lab.launchOnline({ tags: { ...tags, Component: 'broken' } });
    const [, second = ''] = await lab.launchOnline({ count: 2, tags: { ...tags, Component: 'zookeeper' } });

    for (const id of [broken, second]) {
      const [report] = await ready(id, ZOOKEEPER, 1);
      expect(report).toEqual({ index: 0, verdict: 'fail', evidence: 'zookeeper.service failed' });
    }
  });

  it('run a step once, however often it is sent, and give back all it left', async () => {
    await open();
    const [id = ''] = await lab.launchOnline();
    const request = step({
      script: `echo out; echo err >&2; echo '{"rate":5}' > result.json; sleep 0.3; exit 3`,
      resultPath: 'result.json',
    });

    const [first, second] = await Promise.all([runStep(id, request), runStep(id, request)]);
    const third = await runStep(id, request);

    expect(first).toMatchObject({ token: 'step-1', exitCode: 3 });
    expect([second, third]).toEqual([first, first]);
    expect(await readBack(id, 'stdout', first?.stdoutBytes)).toBe('out\n');
    expect(await readBack(id, 'stderr', first?.stderrBytes)).toBe('err\n');
    expect(await readBack(id, 'result', first?.resultBytes)).toBe('{"rate":5}\n');
    const steps = (await lab.ledger()).resources.filter(({ type }) => type === 'step');
    expect(steps).toMatchObject([{ token: 'step-1', instanceId: id, starts: 1 }]);
  });

  it('end a step on hf_kill, and one over its limit', async () => {
    await open();
    const [id = ''] = await lab.launchOnline();

    const over = await runStep(id, step({ token: 'over', timeoutSeconds: 1, script: 'sleep 60' }));
    const running = runStep(id, step({ token: 'long', script: 'sleep 60' }));
    await eventually(async () => expect(await stepsInProgress()).toBe(1));
    const killed = await lab.shell(id, killScript('long'));
    await lab.shell(id, killScript('later'));

    expect(over?.exitCode).toBe(124);
    expect(killed.StandardOutputContent).toBe('killed\tlong\n');
    expect((await running)?.exitCode).toBe(143);
    expect((await runStep(id, step({ token: 'later' })))?.exitCode).toBe(143);
  });

  it('remember over a stop and a start what ran', async () => {
    await open();
    const [id = ''] = await lab.launchOnline();
    await runStep(id, step({ script: 'exit 3' }));

    await lab.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await eventually(async () => lab.ec2.send(new StartInstancesCommand({ InstanceIds: [id] })));
    const again = await eventually(() => runStep(id, step({ script: 'exit 3' })));

    expect(again?.exitCode).toBe(3);
    expect((await lab.ledger()).resources.filter(({ type }) => type === 'step')).toMatchObject([{ starts: 1 }]);
  });
});

function start(id: string, script: string) {
  const Parameters = { commands: [script] };
  return lab.ssm.send(new SendCommandCommand({ InstanceIds: [id], DocumentName: 'AWS-RunShellScript', Parameters }));
}

async function stepsInProgress(): Promise<number> {
  const { Commands = [] } = await lab.ssm.send(
    new ListCommandsCommand({ Filters: [{ key: 'Status', value: 'InProgress' }] }),
  );
  return Commands.length;
}

describe('scripted nodes alone', () => {
  it('take a unit that no scenario names as up after the usual delay, and give back 1 MiB of output whole', async () => {
    const stdout = Array.from({ length: 65_536 }, (_, i) => `${i.toString(16).padStart(15, '0')}\n`).join('');
    lab = await openLab({ nodes: { default: { steps: [{ match: 'much', stdout }] } } });
    const [id = ''] = await lab.launchOnline();

    expect((await ready(id, [{ kind: 'service', unit: 'anything' }], 5))[0]?.verdict).toBe('pass');
    const report = await runStep(id, step({ script: 'print much' }));
    expect(stdout).toHaveLength(1_048_576);
    expect((await readBack(id, 'stdout', report?.stdoutBytes)) === stdout).toBe(true);
  });

  it('show a flapping service up and down', async () => {
    lab = await openLab({
      nodes: { default: { services: { 'a.service': { delay: [0, 0], flaps: { upSeconds: 0.2, downSeconds: 0.2 } } } } },
    });
    const [id = ''] = await lab.launchOnline();
    const seen = new Set<string>();

    await eventually(async () => {
      seen.add((await ready(id, [{ kind: 'service', unit: 'a.service' }]))[0]?.evidence ?? '');
      expect([...seen].sort()).toEqual(['a.service active', 'a.service failed']);
    });
  });

  it('say that a call is unknown instead of guessing', async () => {
    lab = await openLab();
    const [id = ''] = await lab.launchOnline();

    const seen = await lab.shell(id, 'prelude\n# holdfast:begin\nhf_fly away\n');

    expect(seen).toMatchObject({
      Status: 'Failed',
      ResponseCode: 127,
      StandardErrorContent: 'hf_fly away: command not found\n',
    });
  });
});

describe('executing nodes alone', () => {
  it('run the scenario’s programs in a folder of their own, without the caller’s environment', async () => {
    process.env['HOLDFAST_TEST_SECRET'] = 'secret';
    lab = await openLab(
      { nodes: { default: { files: { 'bin/hello': '#!/bin/bash\necho hello from $HOME\n', 'etc/conf': 'a=1\n' } } } },
      { exec: true },
    );
    const [one = '', two = ''] = await lab.launchOnline({ count: 2 });

    const seen = await lab.shell(one, 'hello; bin/hello; cat etc/conf; env | sort');
    const other = await lab.shell(two, 'pwd');

    expect(seen.StandardOutputContent).toMatch(new RegExp(`^hello from .*/${one}\nhello from .*/${one}\na=1\n`));
    expect(seen.StandardOutputContent).toContain('HOLDFAST_NODE_ADDRESS=127.');
    expect(seen.StandardOutputContent).not.toContain('secret');
    expect(other.StandardOutputContent).toMatch(new RegExp(`/${two}\n$`));
    delete process.env['HOLDFAST_TEST_SECRET'];
  });

  it('run scripts without a #! line by sh, as the agent does', async () => {
    lab = await openLab({}, { exec: true });
    const [id = ''] = await lab.launchOnline();

    expect(await lab.shell(id, 'echo ${BASH_VERSION:-none}; exit 4')).toMatchObject({
      Status: 'Failed',
      ResponseCode: 4,
    });
    expect((await lab.shell(id, '#!/bin/bash\necho ${BASH_VERSION:-none}')).StandardOutputContent).not.toBe('none\n');
  });

  it('leave a step alone when its command is cancelled, and end everything with the machine', async () => {
    lab = await openLab({}, { exec: true });
    const [id = ''] = await lab.launchOnline();
    const script = stepScript(step({ script: 'echo $$ > self; (env -i sleep 300) & sleep 300' }));
    const { Command } = await start(id, script);
    const pid = await eventually(async () => {
      const text = (await lab.shell(id, 'cat self')).StandardOutputContent ?? '';
      expect(text).toMatch(/^\d+\n$/);
      return Number(text);
    });
    const group = membersOf(pid);

    await lab.ssm.send(new CancelCommandCommand({ CommandId: Command?.CommandId }));
    await eventually(async () => expect(await stepsInProgress()).toBe(0));
    const afterCancel = membersOf(pid);
    await lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));

    expect(group.length).toBeGreaterThanOrEqual(3);
    expect(afterCancel).toEqual(group);
    await eventually(() => expect(membersOf(pid)).toEqual([]));
  });

  it('leave no process and no listener when the simulator closes', async () => {
    const before = await openLab(PULSAR, { exec: true });
    lab = before;
    const [id = ''] = await lab.launchOnline({ tags: { Component: 'zookeeper' } });
    await ready(id, ZOOKEEPER, 10);
    await start(id, stepScript(step({ script: 'echo $$ > self; sleep 300' })));
    const pid = await eventually(async () => {
      const text = (await lab.shell(id, 'cat self; echo; echo $HOLDFAST_NODE_ADDRESS')).StandardOutputContent ?? '';
      expect(text).toMatch(/^\d+\n/);
      return Number(text.split('\n')[0]);
    });

    await before.close();

    expect(membersOf(pid)).toEqual([]);
    lab = await openLab();
  });

  it('power off by their own shutdown', async () => {
    lab = await openLab({}, { exec: true });
    const [id = ''] = await lab.launchOnline();

    await start(id, 'shutdown -h now');

    await eventually(async () => {
      const seen = (await lab.ledger()).resources.find((one) => one.id === id);
      expect(seen?.state).toBe('stopped');
    });
  });
});

/** Processes of a step's group, by the pid of its shell: the group's leader is that shell's parent, timeout(1). */
function membersOf(shell: number): number[] {
  const groups = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const file = `/proc/${name}/stat`;
    if (!existsSync(file)) continue;
    try {
      const [state, , group] = readFileSync(file, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      if (state !== 'Z') groups.set(Number(name), Number(group));
    } catch {
      // Ended while being looked at.
    }
  }
  const group = groups.get(shell) ?? known.get(shell);
  if (group === undefined) return [];
  known.set(shell, group);
  return [...groups].filter(([, one]) => one === group).map(([pid]) => pid);
}
const known = new Map<number, number>();
