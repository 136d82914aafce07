/** What may a user submit, and what does it mean with defaults? The one source of the spec's types and JSON Schema. */
import { z } from 'zod';
import { specProblems } from './experiment-problems';
import { regionName } from './place';
import { duration } from './units';
import { webhook } from './webhooks';

/*
 * Each field says what it means in `describe`, the last of its chain: docs/spec.md and the JSON Schema show it.
 */

/** Letters, digits and dashes; it becomes part of tags, slot names and shell variables. */
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'is no name: lower-case letters, digits and dashes, 31 at most');
const instanceType = z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'is no instance type: write m6i.large');
const whole = (least: number, most: number): z.ZodNumber => z.number().int().min(least).max(most);
const port = whole(1, 65_535);
const text = (longest: number): z.ZodString => z.string().min(1).max(longest);
/** Bash, sent as it is and never interpolated. */
const script = text(32_000);
const systemdUnit = z.string().regex(/^[A-Za-z0-9:_.\\@-]{1,255}$/, 'is no systemd unit name');

const image = z.union([
  z
    .strictObject({ id: z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'is no image id') })
    .describe('This image; only for one region and one architecture.'),
  z
    .strictObject({ ssmParameter: text(1011) })
    .describe("A public or own SSM parameter; `{arch}` becomes the architecture as the image's publisher spells it."),
  z
    .strictObject({ namePattern: z.string().min(3).max(128), owner: z.string().min(1) })
    .describe('The newest image whose name matches (`*` and `?`), of an account, `self` or `amazon`.'),
  z
    .strictObject({ tags: z.record(text(128), z.string().max(256)) })
    .describe('The newest image of your own account that carries all of these tags.'),
]);

const health = z.union([
  z
    .strictObject({ tcp: port, send: z.string().max(1000).optional(), expect: z.string().max(1000).optional() })
    .describe('The port accepts a connection; after `send`, the answer holds `expect`.'),
  z
    .strictObject({
      http: port,
      path: z
        .string()
        .regex(/^\/[!-~]*$/, 'must start with / and hold no spaces')
        .default('/'),
      status: whole(100, 599).default(200),
      body: z.string().max(1000).optional(),
    })
    .describe('The path answers with the status, and the answer holds `body`.'),
  z.strictObject({ command: text(8000) }).describe('The script exits with 0.'),
]);

const volume = z.strictObject({
  sizeGiB: whole(1, 16_384).describe('Size.'),
  type: z.enum(['gp3', 'gp2', 'io2', 'st1', 'sc1']).default('gp3').describe('EBS volume type.'),
  iops: whole(100, 256_000).optional().describe('Provisioned operations per second, where the type takes them.'),
  throughputMBps: whole(125, 2000).optional().describe('Provisioned throughput, where the type takes it.'),
  follows: z
    .enum(['slot', 'node'])
    .default('node')
    .describe(
      '`node`: ends with its instance. `slot`: moves to the next node of the slot, which is bought in its zone; cleanup takes it at the end.',
    ),
  onStuck: z
    .enum(['snapshot', 'rebuild'])
    .default('snapshot')
    .describe(
      'With `follows: slot`, when it cannot come along: `snapshot` copies it to the new node, `rebuild` gives that one an empty volume.',
    ),
  moveWithin: duration
    .default(180)
    .describe(
      'With `follows: slot`: how long it may take to come along, and again its copy; a copy that takes longer is an empty volume.',
    ),
});

const gateLimits = z
  .strictObject({
    ec2: duration.default(300).describe('Launched to running.'),
    ssm: duration.default(300).describe('Running to registered with SSM.'),
    setup: duration.default(300).describe('Setup script; waiting for `dependsOn` does not count.'),
    service: duration.default(300).describe('Units active.'),
    endpoint: duration.default(300).describe('Health checks passed.'),
    total: duration.default(900).describe('All gates together, without the wait for `dependsOn`.'),
  })
  .prefault({});

const market = z.enum(['spot', 'on-demand', 'spot-then-on-demand']);

const onLoss = z.enum(['replace', 'restart-all', 'fail', 'ignore']);

const liveness = z
  .strictObject({
    every: duration.default(60).describe('Between two checks.'),
    failures: whole(1, 100).default(3).describe('So many failed checks in a row are the loss of the node.'),
  })
  .prefault({});

const component = z.strictObject({
  count: whole(1, 5000).default(1).describe('How many nodes.'),
  instanceTypes: z
    .array(instanceType)
    .min(1)
    .max(60)
    .default(['t3.small', 't3a.small', 't2.small'])
    .describe('Wanted types; all are asked for at once and the best offer wins.'),
  widerTypes: z
    .array(instanceType)
    .max(60)
    .default([])
    .describe('Types that will do as well, asked for when the wanted ones are not to be had.'),
  zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'is no zone: write us-west-2a'))
    .optional()
    .describe('Only these zones.'),
  market: market.optional().describe("The experiment's `market`, for this component alone."),
  image: image.optional().describe("The experiment's `image`, for this component alone."),
  instanceProfile: text(512).optional().describe("The experiment's `instanceProfile`, for this component alone."),
  userData: z.string().max(16_384).optional().describe('Passed to EC2 as it is; runs at first boot.'),
  setup: z
    .string()
    .max(32_000)
    .optional()
    .describe(
      'Bash script, run once per node through SSM when its volumes are attached, before its services are looked at.',
    ),
  services: z.array(systemdUnit).max(20).default([]).describe('systemd units that have to be active.'),
  health: z.array(health).max(20).default([]).describe('Checks that have to pass, made on the node itself.'),
  volumes: z.array(volume).max(10).default([]).describe('Data volumes, made with the node.'),
  dependsOn: z.array(name).default([]).describe('Components that have to be ready before this one is set up.'),
  accepts: z
    .array(name)
    .optional()
    .describe(
      'With `network.create`: the components whose nodes may connect to these; all when not given. Members of one component always reach each other.',
    ),
  minReady: z.number().int().min(1).optional().describe('How many of `count` are enough; all when not given.'),
  quorum: z
    .boolean()
    .default(false)
    .describe(
      'Members of a quorum are spread over pools, too many in one pool are named, and Holdfast never replaces more than a minority at once by its own choice.',
    ),
  replacements: whole(0, 100).default(2).describe('How many nodes that miss a limit may be replaced.'),
  standby: whole(0, 100)
    .default(0)
    .describe(
      'Warm nodes beside `count`, called `<component>-standby-<number>`: ready, but no peers and no part of steps. A loss is made good by one of them at once, and another is made.',
    ),
  onInterruption: onLoss
    .default('replace')
    .describe(
      'What the loss of a node means: `replace` it, `restart-all` members of the component, `fail` or `ignore`.',
    ),
  onUnhealthy: onLoss.default('replace').describe('The same for a node that lives while its services do not.'),
  liveness: liveness.describe('How `services` and `health` are checked after a node was ready.'),
  failovers: whole(0, 1000)
    .default(10)
    .describe('How many losses are made good after the component was ready; with the next one the experiment fails.'),
  onDrain: script.optional().describe('Script run on a node under notice, for as long as the notice leaves.'),
  onReplace: script
    .optional()
    .describe(
      'Script run on the other members after a replacement took a slot, and on a promoted standby, whose setup ran under its old name.',
    ),
  limits: gateLimits.describe('How long a node may take for each gate.'),
});

const step = z.strictObject({
  name: name.describe('Names the step; each once.'),
  on: z
    .union([name, z.array(name).min(1)])
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .describe('The component, or components, whose nodes run it, all at the same time.'),
  run: script.describe('Bash script, sent as it is. An exit code other than 0 fails the experiment.'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no variable name'), z.string().max(4096))
    .default({})
    .describe('More environment variables.'),
  timeout: duration.default(1800).describe('Past it the step is ended, with exit code 124.'),
  onDisturbed: z
    .enum(['rerun', 'keep', 'fail'])
    .default('keep')
    .describe('When a node is replaced meanwhile: `keep` what it made and say so, `rerun` it, or `fail`.'),
  result: z
    .union([
      z.strictObject({ json: text(1024) }).describe('A JSON file that the step writes, relative to the home folder.'),
      z
        .strictObject({ output: z.enum(['json', 'text']) })
        .describe("`json`: the step's standard output is the result. `text`: it is only kept."),
    ])
    .optional()
    .describe('What to keep as the result of the step, beside its whole output.'),
});

/** The smallest block still gives each zone the smallest subnet of EC2, a /28; the largest is the largest of EC2. */
const networkCidr = z.string().regex(/^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)\/(1[6-9]|2[0-5])$/, {
  message: 'is no block of a network: write 10.64.0.0/16; /16 to /25',
});

const network = z.union([
  z
    .strictObject({
      create: z.literal(true).describe('Make one in each region that is used.'),
      cidr: networkCidr.default('10.64.0.0/16').describe('Its block; each zone gets an eighth of it.'),
    })
    .describe(
      "A VPC of the experiment's own in each region that it uses, with a subnet per zone, a way out, and a security group per component. `cidr` is `10.64.0.0/16` when not given; each zone gets an eighth of it. It ends with the experiment.",
    ),
  z
    .strictObject({
      vpcId: z
        .string()
        .regex(/^vpc-[0-9a-f]{8,17}$/, 'is no VPC id')
        .optional()
        .describe('The VPC that the others have to be in; the one of the first subnet when not given.'),
      subnetIds: z
        .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'is no subnet id'))
        .min(1)
        .max(200)
        .describe('Subnets to use; each serves its own zone.'),
      securityGroupIds: z
        .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'is no security group id'))
        .max(200)
        .default([])
        .describe("Groups beside the experiment's own."),
    })
    .describe(
      "Subnets that exist, of one VPC (`vpcId` says which it has to be), each for its own zone, and groups beside the experiment's own. None of it is ever tagged, changed or deleted.",
    ),
]);

const ingress = z.strictObject({
  protocol: z.enum(['tcp', 'udp', 'icmp', '-1']).default('tcp').describe('IP protocol; `-1` is all of them.'),
  fromPort: whole(-1, 65_535).describe('First port; -1 for protocols without ports.'),
  toPort: whole(-1, 65_535).describe('Last port.'),
  cidr: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'is no CIDR: write 10.0.0.0/8')
    .describe('Who may connect.'),
});

const tagKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^(?!aws:)/, 'must not start with aws:');

const fields = z.strictObject({
  template: name
    .optional()
    .describe('A spec by name, below this one: an example of this package, or a file of `HOLDFAST_HOME/templates`.'),
  profile: name
    .optional()
    .describe('A file of `HOLDFAST_HOME/profiles`, below the template; `default` when there is one.'),
  name: name
    .default('experiment')
    .describe('The kind of run: part of generated ids, and the `HoldfastTemplate` search attribute.'),
  lease: duration
    .default(43_200)
    .describe('How long the experiment may live. Its end is a teardown, whatever is going on.'),
  regions: z
    .array(regionName)
    .min(1)
    .max(20)
    .default(['us-west-2'])
    .describe('Where capacity may be bought, in order of preference.'),
  market: market
    .default('spot-then-on-demand')
    .describe('What may be bought. `spot-then-on-demand` asks spot in every region before on-demand in any.'),
  returnAfter: duration
    .default(3600)
    .describe(
      'Time without a loss after which a slot that `spot-then-on-demand` had to buy on-demand goes back to spot, and the least time between two tries.',
    ),
  placement: z
    .enum(['together', 'any'])
    .default('together')
    .describe('`together`: all components end in one region. `any`: each goes where there is room for it.'),
  onFailure: z
    .enum(['destroy', 'hold'])
    .default('destroy')
    .describe('`destroy` tears down at once, `hold` keeps the nodes of a failed experiment for a look.'),
  holdFor: duration
    .default(14_400)
    .describe(
      'The lease of a hold, in place of what is left of the first one; `extend` lengthens it, teardown ends it.',
    ),
  settle: duration
    .default(60)
    .describe(
      "Time between the two looks of cleanup that have to find nothing: AWS's tag indexes may lag by as much. The simulator needs 2 s.",
    ),
  owner: text(128)
    .optional()
    .describe('The `Owner` tag and search attribute. The command line fills in `HOLDFAST_OWNER` or the OS user.'),
  project: text(128).default('holdfast').describe('The `Project` tag.'),
  tags: z
    .record(tagKey, z.string().max(256))
    .default({})
    .describe('More tags for everything that is made. Ownership tags cannot be replaced.'),
  image: image
    .default({
      ssmParameter: '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id',
    })
    .describe('The image of all components; by default the newest Ubuntu 24.04.'),
  instanceProfile: text(512)
    .optional()
    .describe('IAM instance profile of the nodes. Needed for anything that goes through SSM.'),
  network: network.optional().describe("Where nodes live. Without it: the region's default VPC."),
  ingress: z
    .array(ingress)
    .max(50)
    .default([])
    .describe(
      "Openings to the outside, in the experiment's security groups. Inside everything is open, outside closed.",
    ),
  components: z
    .record(name, component)
    .refine((all) => Object.keys(all).length > 0, 'needs at least one component')
    .describe('Groups of identical nodes by name. Slots are called `<component>-<number>`.'),
  steps: z
    .array(step)
    .max(100)
    .default([])
    .describe(
      'The work, one after another. Without steps the experiment stays Ready until `release`, `stop` or its lease.',
    ),
  webhooks: z
    .array(webhook)
    .max(10)
    .optional()
    .describe('Who is told of every phase. A receiver that does not answer holds nothing up.'),
  poll: duration
    .optional()
    .describe('How often nodes are looked at while they get ready: 2 s up to 100 nodes and 5 s above when not given.'),
});

/** Every field by itself is right; how they go together is checked next. */
export type Fields = z.infer<typeof fields>;

/** The spec as submitted; parsing yields the spec with every default. */
export const experimentSchema = fields.superRefine((spec, context) => {
  for (const problem of specProblems(spec)) {
    context.addIssue({ code: 'custom', path: problem.path, message: problem.message });
  }
});

/** What one layer may say: everything may come from another one. */
export const layerSchema = fields.partial({ components: true });

/** What a door takes: components, or a template that brings them. Whether all of it goes together is checked with it. */
export const submittedSchema = layerSchema.refine(
  ({ components, template }) => components !== undefined || template !== undefined,
  { path: ['components'], message: 'is required unless a template brings them' },
);

/** A spec that stands on a template of the worker's. */
export type TemplateInput = z.input<typeof layerSchema> & { template: string };
/** A spec as a user writes it. */
export type ExperimentInput = z.input<typeof experimentSchema>;
/** A spec with all defaults; durations are in seconds. */
export type ExperimentSpec = z.output<typeof experimentSchema>;
export type ComponentSpec = ExperimentSpec['components'][string];
export type StepSpec = ExperimentSpec['steps'][number];
export type GateLimits = ComponentSpec['limits'];
