/** What does the parameter store hold? The public AMI parameters of each region, those the scenario gives the account, and what callers wrote. */
import { AwsError } from '../errors';
import { imageParameters } from '../world/images';
import { arnOf } from '../world/resources';
import type { Handler, HandlerContext, SimParameter } from '../world/state';
import { regionState } from '../world/world';
import { checkLimits } from './limits';

/** GetParameter: Name up to 2,048 characters. */
const NAME = { min: 1, max: 2048 };

export const getParameter: Handler = (input, ctx) => {
  checkLimits(input, { Name: NAME });
  const found = findParameter(ctx, String(input['Name']));
  if (!found) throw new AwsError('ParameterNotFound', '');
  return { Parameter: found };
};

export const getParameters: Handler = (input, ctx) => {
  checkLimits(input, { Names: { min: 1, max: 10 } });
  const names = input['Names'] as string[];
  if (new Set(names).size < names.length) {
    throw new AwsError('ValidationException', 'Duplicate parameter names are not allowed.');
  }
  const found = names.map((name) => findParameter(ctx, name));
  return {
    Parameters: found.filter((parameter) => parameter !== undefined),
    InvalidParameters: names.filter((_name, index) => found[index] === undefined),
  };
};

/** Since when the parameters have their values: AWS publishes with each image, we with none in particular. */
const PUBLISHED = new Date('2026-10-20T00:00:00Z');

function findParameter(ctx: HandlerContext, name: string): Record<string, unknown> | undefined {
  const { world, region, account } = ctx;
  const own = regionState(ctx).parameters.get(name);
  if (own) return valueOf(own);
  const image = imageParameters(world, region).get(name);
  const value = image ?? world.scenario.parameters[name];
  if (value === undefined) return undefined;
  const path = name.startsWith('/') ? name : `/${name}`;
  return {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    LastModifiedDate: PUBLISHED,
    ARN: `arn:aws:ssm:${region}:${image === undefined ? account : ''}:parameter${path}`,
    DataType: image === undefined ? 'text' : 'aws:ec2:image',
  };
}

function valueOf(parameter: SimParameter): Record<string, unknown> {
  return {
    Name: parameter.id,
    Type: parameter.valueType,
    Value: parameter.value,
    Version: parameter.version,
    LastModifiedDate: new Date(parameter.modifiedAt),
    ARN: arnOf(parameter),
    DataType: 'text',
  };
}
