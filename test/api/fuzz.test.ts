/** Does the HTTP door keep to its own OpenAPI document, whatever is sent to it? */
import { OPERATIONS, type OperationName } from '../../src/api/operations';
import { connect, type ExperimentInput, type Holdfast } from '../../src/client';
import { itInPython } from '../simulator/foreign-python';
import { labWorker, startLab, uniqueId, type Lab } from '../support/lab';
import { sharedTemporal } from '../support/temporal';
import { openDoor, type Door } from './door';
import { schemathesis } from './schemathesis';

const SEED = 20_261;
const PYTHON = { packages: 'schemathesis', limitMs: 240_000 };

const endless: ExperimentInput = {
  name: 'fuzzed',
  lease: '1h',
  poll: '50ms',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { broker: { instanceTypes: ['t3.micro'] } },
};
const short: ExperimentInput = { ...endless, steps: [{ name: 'work', on: 'broker', run: 'true' }] };

/** An action that ends an experiment has one of its own. */
const EXPERIMENTS = {
  live: uniqueId('live'),
  released: uniqueId('released'),
  stopped: uniqueId('stopped'),
  over: uniqueId('over'),
};
const { live, released, stopped, over } = EXPERIMENTS;

/** What each operation is asked of. */
const IDS = {
  getExperiment: live,
  extendExperiment: live,
  holdExperiment: live,
  replaceNode: live,
  releaseExperiment: released,
  stopExperiment: stopped,
  getResult: over,
  streamEvents: over,
  startCleanup: over,
  getCleanup: over,
  planCleanup: over,
} satisfies Partial<Record<OperationName, string>>;

/** What comes to nothing with a spec by chance, since no lease is that short here. */
const REFUSED = ['planExperiment'];

let lab: Lab;
let cheap: Lab;
let holdfast: Holdfast;
let door: Door;
const worker: { stop?: () => Promise<void> } = {};
beforeAll(async () => {
  lab = await startLab();
  cheap = await startLab({ worker: false });
  // What the fuzzing starts is refused in its first step: no lease is that short.
  const place = { taskQueue: cheap.taskQueue, url: cheap.simulatorUrl, results: cheap.results };
  worker.stop = (await labWorker(place, { ...sharedTemporal(), maxLeaseSeconds: 1 })).stop;
  const { address, namespace, uiUrl } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, uiUrl, taskQueue: cheap.taskQueue });
  await Promise.all(
    Object.entries(EXPERIMENTS).map(async ([name, id]) => {
      await lab.start('experiment', name === 'over' ? short : endless, id);
      await (name === 'over' ? holdfast.get(id).result() : holdfast.get(id).wait('Ready'));
    }),
  );
  door = await openDoor(holdfast, { requestsPerMinute: 100_000 });
});
afterAll(async () => {
  await door.close();
  await holdfast.close();
  await worker.stop?.();
  await cheap.close();
  await lab.close();
});

describe('requests drawn from the OpenAPI document', () => {
  itInPython(
    'reach every operation with its answer, and nothing answers what the document does not say',
    async (python) => {
      const token = await door.tokens.create('all', 'full', 'now');

      const { requests, failures, text } = await schemathesis(python, {
        url: door.url,
        token,
        seed: SEED,
        phases: ['coverage', 'fuzzing'],
        examples: 8,
        ids: IDS,
      });

      const seen = answers();
      process.stderr.write(`${String(requests)} requests, answers: ${JSON.stringify(seen)}\n`);
      if (failures.length > 0) process.stderr.write(text);
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(500);
      for (const [name, { answer }] of Object.entries(OPERATIONS).filter(([one]) => !REFUSED.includes(one)))
        expect({ name, answers: seen[name] }).toEqual({ name, answers: expect.arrayContaining([answer.status]) });
      expect((await cheap.ledger()).summary).toMatchObject({ launched: 0 });
    },
    PYTHON,
  );
});

/** Every status that each operation answered with, as the door's log has it. */
function answers(): Record<string, number[]> {
  const lines = door
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  const asked = new Map(lines.flatMap(({ reqId, req }) => (req === undefined ? [] : [[reqId, operationOf(req)]])));
  const found: Record<string, number[]> = {};
  for (const { reqId, res } of lines) {
    const name = asked.get(reqId);
    if (res === undefined || name === undefined) continue;
    found[name] = [...new Set([...(found[name] ?? []), res.statusCode])].sort();
  }
  return found;
}

interface LogLine {
  reqId?: string;
  req?: { method: string; url: string };
  res?: { statusCode: number };
}

function operationOf({ method, url }: { method: string; url: string }): string | undefined {
  const path = url.split('?')[0] ?? '';
  return Object.entries(OPERATIONS).find(
    ([, operation]) =>
      operation.method === method && new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )?.[0];
}
