/** What do adapter tests need again and again? A region without a network, AWS's errors, and a fleet request. */
import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { createRegion, type AwsRegion } from '../../src/aws/clients';
import type { FleetRequest } from '../../src/aws/ports';

const REGION = 'us-west-2';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Its clients point to a server of the test. */
export function region(endpoint: string, readTimeoutMs = 5000): AwsRegion {
  return createRegion(REGION, { endpoint, credentials, timeouts: { read: readTimeoutMs } });
}

/** Its clients must be mocked; no call waits for its turn. */
export function mockedRegion(): AwsRegion {
  const limiter = { turn: () => Promise.resolve(), throttled: () => undefined };
  return createRegion(REGION, { credentials, limiter });
}

/** An error as the SDK throws it. */
export function awsError(code: string, message = 'told so', httpStatusCode = 400): Error {
  return new EC2ServiceException({ name: code, message, $fault: 'client', $metadata: { httpStatusCode } });
}

export const TAGS = { ExperimentID: 'exp-1', ManagedBy: 'holdfast', LaunchID: 'launch-1' };

/** Two zones with two types each. */
export function fleetRequest(over: Partial<FleetRequest> = {}): FleetRequest {
  const pools = ['a', 'b'].flatMap((letter) =>
    ['t3.micro', 't3a.micro'].map((instanceType) => ({
      zone: `${REGION}${letter}`,
      subnetId: `subnet-${letter}`,
      instanceType,
      imageId: 'ami-00000001',
    })),
  );
  return {
    templateName: 'holdfast-exp-1-broker',
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools,
    count: 3,
    clientToken: 'token-1',
    tags: TAGS,
    ...over,
  };
}
