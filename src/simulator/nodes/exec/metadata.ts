/** What does a machine learn about itself? The instance metadata service, version 2, on the node's own address. */
import { createServer, type IncomingMessage } from 'node:http';
import type { SimInstance } from '../../world/state';
import type { SimNode } from '../node';

/** Where real machines have it is link-local, which a process cannot bind; the mock of AWS itself uses this port. */
const PORT = 1338;

/** For AWS_EC2_METADATA_SERVICE_ENDPOINT, which SDKs and tools read. */
export function metadataUrl({ instance }: SimNode): string {
  return `http://${instance.privateIp}:${PORT}`;
}

/** Serves until the machine goes down. */
export function serveMetadata(node: SimNode): void {
  const server = createServer((request, response) => {
    const { status, body } = answer(node, request);
    response.writeHead(status, { 'content-type': 'text/plain', Connection: 'close' }).end(body);
  });
  // A taken port looks like a machine without metadata service.
  server.on('error', () => server.close());
  server.listen(PORT, node.instance.privateIp).unref();
  node.down.signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
}

interface Answer {
  status: number;
  body: string;
}

const NOT_FOUND: Answer = { status: 404, body: '' };
const HEADER = 'x-aws-ec2-metadata-token';

/** Only version 2: without a token of this machine it is 401, as where version 1 is turned off. */
function answer({ instance }: SimNode, request: IncomingMessage): Answer {
  const path = (request.url ?? '').replace(/\/+$/, '');
  const token = Buffer.from(instance.id).toString('base64url');
  if (path === '/latest/api/token') {
    if (request.method !== 'PUT') return { status: 405, body: '' };
    return Number(request.headers[`${HEADER}-ttl-seconds`]) > 0
      ? { status: 200, body: token }
      : { status: 400, body: '' };
  }
  if (request.headers[HEADER] !== token) return { status: 401, body: '' };
  if (!path.startsWith(ROOT)) return NOT_FOUND;
  const body = ITEMS[path.slice(ROOT.length)]?.(instance);
  return body === undefined ? NOT_FOUND : { status: 200, body };
}

const ROOT = '/latest/meta-data/';

/** Items of "Instance metadata categories" (EC2 user guide); one that has nothing to say is 404, as there. */
const ITEMS: Record<string, (instance: SimInstance) => string | undefined> = {
  'ami-id': ({ imageId }) => imageId,
  'instance-id': ({ id }) => id,
  'instance-life-cycle': ({ market }) => market,
  'instance-type': ({ instanceType }) => instanceType,
  'local-ipv4': ({ privateIp }) => privateIp,
  'placement/availability-zone': ({ zone }) => zone,
  'placement/region': ({ region }) => region,
  'spot/instance-action': ({ interruption }) =>
    interruption && JSON.stringify({ action: 'terminate', time: seconds(interruption.at) }),
  'spot/termination-time': ({ interruption }) => interruption && seconds(interruption.at),
  'events/recommendations/rebalance': ({ rebalanceAt }) =>
    rebalanceAt === undefined ? undefined : JSON.stringify({ noticeTime: seconds(rebalanceAt) }),
  'events/maintenance/scheduled': ({ scheduled = [] }) =>
    JSON.stringify(
      scheduled.map(({ id, code, description, notBefore, notAfter }) => ({
        NotBefore: new Date(notBefore).toUTCString(),
        ...(notAfter === undefined ? {} : { NotAfter: new Date(notAfter).toUTCString() }),
        Code: code,
        Description: description,
        EventId: id,
        State: description.startsWith('[Completed]') ? 'completed' : 'active',
      })),
    ),
};

/** A moment in whole seconds, as the metadata has it. */
function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`;
}
