/** Which versions has a launch template? Added, and described by number, `$Latest` and `$Default`. */
import { AwsError } from '../errors';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimLaunchTemplate } from '../world/state';
import { isVisible } from './describe';
import { filterTest, filtersOf, type Fields } from './filters';
import { defined, record, text, texts } from './input';
import { checkTemplateData } from './launch-spec';
import { templateOf } from './launch-templates';
import { page } from './paging';

type Version = NonNullable<ReturnType<SimLaunchTemplate['versions']['get']>>;

const createLaunchTemplateVersion: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateLaunchTemplateVersion`, input, () => {
    const template = templateOf(ctx, regionState(ctx), input);
    const source = text(input, 'SourceVersion');
    const base = source === undefined ? {} : versionOf(template, source).data;
    const data = { ...base, ...record(input, 'LaunchTemplateData') };
    checkTemplateData(data);
    template.latestVersion += 1;
    const description = text(input, 'VersionDescription');
    const version: Version = { number: template.latestVersion, createdAt: Date.now(), data };
    if (description !== undefined) version.description = description;
    template.versions.set(version.number, version);
    return { LaunchTemplateVersion: render(template, version) };
  });

/** The version that a number, `$Latest` or `$Default` (also when left out) means. */
export function versionOf(template: SimLaunchTemplate, given: string | undefined): Version {
  const asked = given ?? '$Default';
  const number =
    asked === '$Latest' ? template.latestVersion : asked === '$Default' ? template.defaultVersion : Number(asked);
  const version = template.versions.get(number);
  if (!version) {
    throw new AwsError(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find launch template version ${asked} of ${template.id}`,
    );
  }
  return version;
}

interface Entry {
  template: SimLaunchTemplate;
  version: Version;
}

const dataText =
  (name: string) =>
  ({ version }: Entry): string | undefined =>
    text(version.data, name);

const FIELDS: Fields<Entry> = {
  'create-time': ({ version }) => new Date(version.createdAt).toISOString(),
  'image-id': dataText('ImageId'),
  'instance-type': dataText('InstanceType'),
  'is-default-version': ({ template, version }) => version.number === template.defaultVersion,
};

const describeLaunchTemplateVersions: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const asked = texts(input, 'Versions');
  const single = text(input, 'LaunchTemplateId') ?? text(input, 'LaunchTemplateName');
  const now = Date.now();
  const templates =
    single === undefined
      ? [...state.launchTemplates.values()].filter((template) => isVisible(ctx, template, now))
      : [templateOf(ctx, state, input)];
  const entries = templates.flatMap((template) =>
    (asked.length === 0 ? [...template.versions.values()] : asked.map((name) => versionOf(template, name))).map(
      (version): Entry => ({ template, version }),
    ),
  );
  const order = new Map(entries.map((entry, index) => [entry, index + 1]));
  // 1 to 200 a page: EC2 API reference, DescribeLaunchTemplateVersions.
  const limits = { min: 1, max: 200, byDefault: 200 };
  const { items, ...more } = page(
    ctx.world,
    entries.filter(filterTest(filtersOf(input), FIELDS)),
    input,
    limits,
    (entry) => order.get(entry) ?? 0,
  );
  return { LaunchTemplateVersions: items.map(({ template, version }) => render(template, version)), ...more };
};

function render(template: SimLaunchTemplate, version: Version): Record<string, unknown> {
  return defined({
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    VersionDescription: version.description,
    CreateTime: new Date(version.createdAt),
    CreatedBy: `arn:aws:iam::${template.account}:user/simulator`,
    DefaultVersion: version.number === template.defaultVersion,
    LaunchTemplateData: version.data,
  });
}

export const launchTemplateVersionOperations: Handlers = {
  CreateLaunchTemplateVersion: createLaunchTemplateVersion,
  DescribeLaunchTemplateVersions: describeLaunchTemplateVersions,
};
