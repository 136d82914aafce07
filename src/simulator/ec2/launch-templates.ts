/** Which launch templates are there? Made, versioned, described and deleted; found by id or by name. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimLaunchTemplate } from '../world/state';
import { find, isVisible, select } from './describe';
import type { Fields } from './filters';
import { missing, need, record, text, texts, type Input } from './input';
import { checkTemplateData } from './launch-spec';
import { tagList, tagSpecs } from './tag-specs';
import { unknownTemplate } from './unknown';

/** 3 to 128 of these characters (EC2 API reference, CreateLaunchTemplate). */
const NAME = /^[a-zA-Z0-9().\-/_]{3,128}$/;

const createLaunchTemplate: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateLaunchTemplate`, input, () => {
    const state = regionState(ctx);
    const name = need(input, 'LaunchTemplateName');
    if (!NAME.test(name)) {
      throw new AwsError(
        'InvalidLaunchTemplateName.MalformedException',
        `The specified launch template name '${name}' is malformed.`,
      );
    }
    const { 'launch-template': tags } = tagSpecs(input, ['launch-template']);
    const data = record(input, 'LaunchTemplateData') ?? {};
    checkTemplateData(data);
    if (byName(state, name)) {
      throw new AwsError('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.');
    }
    const base = newResource(ctx, 'launch-template', newId(ctx.world, 'lt'), tags);
    const template = addResource<SimLaunchTemplate>(state, {
      ...base,
      name,
      defaultVersion: 1,
      latestVersion: 1,
      versions: new Map([[1, { number: 1, createdAt: base.createdAt, data, ...description(input) }]]),
    });
    return { LaunchTemplate: renderTemplate(template) };
  });

function description(input: Input): { description?: string } {
  const value = text(input, 'VersionDescription');
  return value === undefined ? {} : { description: value };
}

function byName(state: RegionState, name: string): SimLaunchTemplate | undefined {
  return [...state.launchTemplates.values()].find((template) => template.name === name);
}

/** The template that an id or a name means, or AWS's error for it. */
export function templateOf(ctx: HandlerContext, state: RegionState, input: Input): SimLaunchTemplate {
  const [id, name] = [text(input, 'LaunchTemplateId'), text(input, 'LaunchTemplateName')];
  if (id !== undefined && name !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Only one of launchTemplateId and launchTemplateName can be specified.',
    );
  }
  if (id !== undefined) {
    if (!/^lt-[0-9a-f]{17}$/.test(id)) {
      throw new AwsError('InvalidLaunchTemplateId.Malformed', `The specified launch template ID '${id}' is malformed.`);
    }
    return find(ctx, state.launchTemplates, id, unknownTemplate);
  }
  if (name === undefined) throw missing('LaunchTemplateId');
  const template = byName(state, name);
  if (!template || !isVisible(ctx, template, Date.now())) throw unknownName([name]);
  return template;
}

function unknownName(names: string[]): AwsError {
  return new AwsError(
    'InvalidLaunchTemplateName.NotFoundException',
    `At least one of the launch templates specified in the request does not exist: ${names.join(', ')}`,
  );
}

const FIELDS: Fields<SimLaunchTemplate> = {
  'launch-template-name': ({ name }) => name,
  'create-time': ({ createdAt }) => new Date(createdAt).toISOString(),
};

const describeLaunchTemplates: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const names = texts(input, 'LaunchTemplateNames');
  const unknown = names.filter((name) => !byName(state, name));
  if (unknown.length > 0) throw unknownName(unknown);
  const named = names.map((name) => templateOf(ctx, state, { LaunchTemplateName: name }).id);
  const ids = [...texts(input, 'LaunchTemplateIds'), ...named];
  const { items, ...more } = select(
    ctx,
    state,
    { ...input, LaunchTemplateIds: ids },
    {
      shelf: state.launchTemplates,
      fields: FIELDS,
      ids: {
        member: 'LaunchTemplateIds',
        prefix: 'lt',
        malformed: 'InvalidLaunchTemplateId.Malformed',
        unknown: unknownTemplate,
      },
      // 1 to 200 a page: EC2 API reference, DescribeLaunchTemplates.
      limits: { min: 1, max: 200, byDefault: 200 },
    },
  );
  return { LaunchTemplates: items.map(renderTemplate), ...more };
};

function renderTemplate(template: SimLaunchTemplate): Record<string, unknown> {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    CreateTime: new Date(template.createdAt),
    CreatedBy: `arn:aws:iam::${template.account}:user/simulator`,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.latestVersion,
    Tags: tagList(template.tags),
  };
}

const deleteLaunchTemplate: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const template = templateOf(ctx, state, input);
  endResource(state, template);
  return { LaunchTemplate: renderTemplate(template) };
};

export const launchTemplateOperations: Handlers = {
  CreateLaunchTemplate: createLaunchTemplate,
  DescribeLaunchTemplates: describeLaunchTemplates,
  DeleteLaunchTemplate: deleteLaunchTemplate,
};
