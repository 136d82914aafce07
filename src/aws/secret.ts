/** What is in an own SSM parameter, decrypted when it is a SecureString? */
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import type { Call } from './ports';

/** The value; undefined when there is no such parameter. */
export async function secretParameter(aws: AwsRegion, name: string, call: Call = {}): Promise<string | undefined> {
  try {
    const { Parameter } = await aws.send(new GetParameterCommand({ Name: name, WithDecryption: true }), call);
    return Parameter?.Value;
  } catch (error) {
    if (hasCode(error, 'ParameterNotFound', 'ParameterVersionNotFound')) return undefined;
    throw error;
  }
}
