/** What may a user submit, and what does it mean with defaults? The one source of the spec's types and JSON Schema. */
import { z } from 'zod';
import { duration } from './units';

/** Letters, digits and dashes; it becomes part of tags, slot names and shell variables. */
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'is no name: lower-case letters, digits and dashes, 31 at most');
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'is no region: write us-west-2');
const instanceType = z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'is no instance type: write m6i.large');
const port = z.number().int().min(1).max(65_535);
const systemdUnit = z.string().regex(/^[A-Za-z0-9:_.\\@-]{1,255}$/, 'is no systemd unit name');

const image = z.union([
  z.strictObject({ id: z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'is no image id') }),
  z.strictObject({ ssmParameter: z.string().min(1).max(1011) }),
  z.strictObject({ namePattern: z.string().min(3).max(128), owner: z.string().min(1) }),
  z.strictObject({ tags: z.record(z.string().min(1).max(128), z.string().max(256)) }),
]);

const health = z.union([
  z.strictObject({ tcp: port, send: z.string().max(1000).optional(), expect: z.string().max(1000).optional() }),
  z.strictObject({
    http: port,
    path: z
      .string()
      .regex(/^\/[!-~]*$/, 'must start with / and hold no spaces')
      .default('/'),
    status: z.number().int().min(100).max(599).default(200),
    body: z.string().max(1000).optional(),
  }),
  z.strictObject({ command: z.string().min(1).max(8000) }),
]);

const volume = z.strictObject({
  sizeGiB: z.number().int().min(1).max(16_384),
  type: z.enum(['gp3', 'gp2', 'io2', 'st1', 'sc1']).default('gp3'),
  iops: z.number().int().min(100).max(256_000).optional(),
  throughputMBps: z.number().int().min(125).max(2000).optional(),
  /** `slot`: the volume outlives the instance and moves with the slot. `node`: it ends with the instance. */
  follows: z.enum(['slot', 'node']).default('node'),
  /** What the slot gets when the volume cannot come along: its zone is dry, or it is not free in time. */
  onStuck: z.enum(['snapshot', 'rebuild']).default('snapshot'),
  /** How long the volume may take to come along, and again its copy through a snapshot. */
  moveWithin: duration.default(180),
});

const gateLimits = z
  .strictObject({
    ec2: duration.default(300),
    ssm: duration.default(300),
    setup: duration.default(300),
    service: duration.default(300),
    endpoint: duration.default(300),
    total: duration.default(900),
  })
  .prefault({});

const market = z.enum(['spot', 'on-demand', 'spot-then-on-demand']);

const component = z.strictObject({
  count: z.number().int().min(1).max(5000).default(1),
  instanceTypes: z.array(instanceType).min(1).max(60).default(['t3.small', 't3a.small', 't2.small']),
  /** Asked for when the wanted types have no capacity. */
  widerTypes: z.array(instanceType).max(60).default([]),
  zones: z.array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'is no zone: write us-west-2a')).optional(),
  market: market.optional(),
  image: image.optional(),
  instanceProfile: z.string().min(1).max(512).optional(),
  userData: z.string().max(16_384).optional(),
  setup: z.string().max(32_000).optional(),
  services: z.array(systemdUnit).max(20).default([]),
  health: z.array(health).max(20).default([]),
  volumes: z.array(volume).max(10).default([]),
  dependsOn: z.array(name).default([]),
  /** How many of `count` are enough; all of them by default. */
  minReady: z.number().int().min(1).optional(),
  /** Members of a quorum are spread over pools. */
  quorum: z.boolean().default(false),
  /** How many nodes that miss a limit may be replaced. */
  replacements: z.number().int().min(0).max(100).default(2),
  /** What the loss of a node means: a new generation of its slot, the end of the experiment, or nothing. */
  onInterruption: z.enum(['replace', 'fail', 'ignore']).default('replace'),
  /** How many nodes may be replaced after the component was ready; then the experiment fails as Interrupted. */
  failovers: z.number().int().min(0).max(1000).default(10),
  /** Run on a node under notice, for as long as the notice leaves: flush, hand over, say goodbye. */
  onDrain: z.string().min(1).max(32_000).optional(),
  /** Run on the other members after a replacement took the slot, with the new peers in the environment. */
  onReplace: z.string().min(1).max(32_000).optional(),
  limits: gateLimits,
});

const step = z.strictObject({
  name,
  /** The component, or components, whose nodes run it. */
  on: z.union([name, z.array(name).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value)),
  /** A bash script; it is sent as it is and never interpolated. */
  run: z.string().min(1).max(32_000),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no variable name'), z.string().max(4096)).default({}),
  timeout: duration.default(1800),
  /** When some node is replaced while the step runs: keep what it made and say so, run all of it again, or fail. */
  onDisturbed: z.enum(['rerun', 'keep', 'fail']).default('keep'),
  result: z
    .union([
      z.strictObject({ json: z.string().min(1).max(1024) }),
      z.strictObject({ output: z.enum(['json', 'text']) }),
    ])
    .optional(),
});

const ingress = z.strictObject({
  protocol: z.enum(['tcp', 'udp', 'icmp', '-1']).default('tcp'),
  fromPort: z.number().int().min(-1).max(65_535),
  toPort: z.number().int().min(-1).max(65_535),
  cidr: z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'is no CIDR: write 10.0.0.0/8'),
});

const tagKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^(?!aws:)/, 'must not start with aws:');

const fields = z.strictObject({
  /** Names the kind of run; part of generated ids. */
  name: name.default('experiment'),
  lease: duration.default(43_200),
  regions: z.array(region).min(1).max(20).default(['us-west-2']),
  market: market.default('spot-then-on-demand'),
  placement: z.enum(['together', 'any']).default('together'),
  onFailure: z.enum(['destroy', 'hold']).default('destroy'),
  /** How long a failed experiment is held before it is torn down all the same. */
  holdFor: duration.default(14_400),
  /** Time between the two looks of cleanup that have to find nothing: AWS's tag indexes may lag by as much. */
  settle: duration.default(60),
  owner: z.string().min(1).max(128).optional(),
  project: z.string().min(1).max(128).default('holdfast'),
  tags: z.record(tagKey, z.string().max(256)).default({}),
  image: image.default({
    ssmParameter: '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id',
  }),
  instanceProfile: z.string().min(1).max(512).optional(),
  network: z
    .strictObject({
      subnetIds: z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'is no subnet id')).min(1),
      securityGroupIds: z.array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'is no security group id')).default([]),
    })
    .optional(),
  ingress: z.array(ingress).max(50).default([]),
  components: z.record(name, component).refine((all) => Object.keys(all).length > 0, 'needs at least one component'),
  steps: z.array(step).max(100).default([]),
  /** How often nodes are looked at while they get ready, in seconds; by node count when absent. */
  poll: duration.optional(),
});

type Fields = z.infer<typeof fields>;

interface Problem {
  path: (string | number)[];
  message: string;
}

function componentProblems(spec: Fields): Problem[] {
  const problems: Problem[] = [];
  for (const [key, part] of Object.entries(spec.components)) {
    for (const [index, other] of part.dependsOn.entries()) {
      if (!(other in spec.components)) {
        problems.push({ path: ['components', key, 'dependsOn', index], message: `names no component: ${other}` });
      }
    }
    if (part.minReady !== undefined && part.minReady > part.count) {
      problems.push({
        path: ['components', key, 'minReady'],
        message: `must be at most count (${String(part.count)})`,
      });
    }
  }
  problems.push(...profileProblems(spec));
  const cycle = findCycle(spec.components);
  if (cycle !== undefined)
    problems.push({ path: ['components', cycle, 'dependsOn'], message: 'depends on itself in a circle' });
  return problems;
}

/** Without an instance profile no node registers with SSM, so nothing could be set up, checked or run on it. */
function profileProblems(spec: Fields): Problem[] {
  const stepped = new Set(spec.steps.flatMap((entry) => entry.on));
  return Object.entries(spec.components)
    .filter(([, part]) => part.instanceProfile === undefined && spec.instanceProfile === undefined)
    .filter(
      ([key, part]) => part.setup !== undefined || part.services.length + part.health.length > 0 || stepped.has(key),
    )
    .map(([key]) => ({
      path: ['components', key, 'instanceProfile'],
      message:
        'is missing: setup, services, health and steps go through SSM, and no node reaches SSM without a profile',
    }));
}

function findCycle(components: Fields['components']): string | undefined {
  const done = new Set<string>();
  const visit = (key: string, trail: string[]): string | undefined => {
    if (trail.includes(key)) return key;
    if (done.has(key)) return undefined;
    done.add(key);
    for (const other of components[key]?.dependsOn ?? []) {
      const found = visit(other, [...trail, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const key of Object.keys(components)) {
    const found = visit(key, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

function stepProblems(spec: Fields): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of spec.steps.entries()) {
    if (seen.has(entry.name))
      problems.push({ path: ['steps', index, 'name'], message: `is used twice: ${entry.name}` });
    seen.add(entry.name);
    for (const on of entry.on) {
      if (!(on in spec.components))
        problems.push({ path: ['steps', index, 'on'], message: `names no component: ${on}` });
    }
  }
  return problems;
}

/** The spec as submitted; parsing yields the spec with every default. */
export const experimentSchema = fields.superRefine((spec, context) => {
  for (const problem of [...componentProblems(spec), ...stepProblems(spec)]) {
    context.addIssue({ code: 'custom', path: problem.path, message: problem.message });
  }
});

/** A spec as a user writes it. */
export type ExperimentInput = z.input<typeof experimentSchema>;
/** A spec with all defaults; durations are in seconds. */
export type ExperimentSpec = z.output<typeof experimentSchema>;
export type ComponentSpec = ExperimentSpec['components'][string];
export type StepSpec = ExperimentSpec['steps'][number];
export type GateLimits = ComponentSpec['limits'];
