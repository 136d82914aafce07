/** Which parameters does a caller keep? Written, listed by tag and name, deleted by name. */
import { AwsError } from '../errors';
import { addResource, arnOf, endResource, newResource } from '../world/resources';
import type { Handler, HandlerContext, SimParameter } from '../world/state';
import { regionState } from '../world/world';
import { checkLimits } from './limits';
import { pageOf } from './paging';
import { tagsOf, type Tag } from './tags';

/** PutParameter: standard parameters have up to 4 KB. */
const LIMITS = { Name: { min: 1, max: 2048, pattern: /^[a-zA-Z0-9_.\-/]+$/ }, Value: { min: 1, max: 4096 } };

export const putParameter: Handler = (input, ctx) => {
  checkLimits(input, LIMITS);
  const name = String(input['Name']);
  if (/^\/?(aws|ssm)/i.test(name)) {
    throw new AwsError(
      'ValidationException',
      'Parameter name: can\'t be prefixed with "ssm" or "aws" (case-insensitive).',
    );
  }
  const state = regionState(ctx);
  const tags = tagsOf((input['Tags'] ?? []) as Tag[]);
  const there = state.parameters.get(name);
  if (there) overwrite(there, input);
  else {
    addResource<SimParameter>(state, {
      ...newResource(ctx, 'parameter', name, tags),
      value: String(input['Value']),
      valueType: (input['Type'] as string | undefined) ?? 'String',
      ...(typeof input['Description'] === 'string' ? { description: input['Description'] } : {}),
      version: 1,
      modifiedAt: Date.now(),
    });
  }
  return { Version: there?.version ?? 1, Tier: 'Standard' };
};

function overwrite(parameter: SimParameter, input: Record<string, unknown>): void {
  if (input['Overwrite'] !== true) {
    throw new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  if (((input['Tags'] ?? []) as Tag[]).length > 0) {
    throw new AwsError('ValidationException', "Invalid request: tags and overwrite can't be used together.");
  }
  parameter.value = String(input['Value']);
  parameter.version += 1;
  parameter.modifiedAt = Date.now();
}

/** DescribeParameters: MaxResults 1 to 50; the page when the caller does not say is invented. */
const PAGE = { min: 1, max: 50 };
const DEFAULT_PAGE = 10;

/** Those that callers wrote; what the scenario gives the account is read by name alone. */
export const describeParameters: Handler = (input, ctx) => {
  checkLimits(input, { MaxResults: PAGE });
  const filters = ((input['ParameterFilters'] ?? []) as ParameterFilter[]).map(readFilter);
  const now = Date.now();
  const found = [...regionState(ctx).parameters.values()]
    .filter(({ visibleAt }) => now >= visibleAt)
    .filter((parameter) => filters.every((passes) => passes(parameter)));
  const { items, NextToken } = pageOf(found, input['NextToken'], Number(input['MaxResults'] ?? DEFAULT_PAGE));
  return { Parameters: items.map(metadataOf), ...(NextToken ? { NextToken } : {}) };
};

interface ParameterFilter {
  Key: string;
  Option?: string;
  Values?: string[];
}

function readFilter({ Key, Option = 'Equals', Values = [] }: ParameterFilter): (parameter: SimParameter) => boolean {
  const fits = (value: string | undefined): boolean =>
    value !== undefined && (Values.length === 0 || Values.some((wanted) => compare(Option, value, wanted)));
  if (Key.startsWith('tag:')) return ({ tags }) => fits(tags[Key.slice('tag:'.length)]);
  if (Key === 'Name') return ({ id }) => fits(id);
  if (Key === 'Type') return ({ valueType }) => fits(valueType);
  throw new AwsError('InvalidFilterKey', `The filter key '${Key}' is not valid.`);
}

function compare(option: string, value: string, wanted: string): boolean {
  if (option === 'Equals') return value === wanted;
  if (option === 'BeginsWith') return value.startsWith(wanted);
  if (option === 'Contains') return value.includes(wanted);
  throw new AwsError('InvalidFilterOption', `The filter option '${option}' is not valid.`);
}

function metadataOf(parameter: SimParameter): Record<string, unknown> {
  return {
    Name: parameter.id,
    ARN: arnOf(parameter),
    Type: parameter.valueType,
    LastModifiedDate: new Date(parameter.modifiedAt),
    ...(parameter.description === undefined ? {} : { Description: parameter.description }),
    Version: parameter.version,
    Tier: 'Standard',
    DataType: 'text',
  };
}

/** DeleteParameters: 1 to 10 names; those there are none of are named in an answer that is otherwise good. */
export const deleteParameters: Handler = (input, ctx) => {
  checkLimits(input, { Names: { min: 1, max: 10 } });
  const names = input['Names'] as string[];
  const there = names.filter((name) => drop(ctx, name));
  return { DeletedParameters: there, InvalidParameters: names.filter((name) => !there.includes(name)) };
};

export const deleteParameter: Handler = (input, ctx) => {
  if (!drop(ctx, String(input['Name']))) throw new AwsError('ParameterNotFound', '');
  return {};
};

function drop(ctx: HandlerContext, name: string): boolean {
  const state = regionState(ctx);
  const parameter = state.parameters.get(name);
  if (parameter) endResource(state, parameter);
  return parameter !== undefined;
}
