/** What does an AWS endpoint that misbehaves look like? A server on loopback that answers as told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const REQUEST_ID = '11111111-2222-3333-4444-555555555555';

export interface Wire {
  url: string;
  /** The form body of every call so far, in order. */
  calls: URLSearchParams[];
  close(): Promise<void>;
}

/** Answers each call with `answer`, which may also destroy the socket or never answer. */
export async function startWire(answer: (res: ServerResponse, call: URLSearchParams) => void): Promise<Wire> {
  const calls: URLSearchParams[] = [];
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      const call = new URLSearchParams(body);
      calls.push(call);
      answer(res, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${String(port)}`, calls, close };
}

/** EC2's way to say no. */
export function ec2Error(res: ServerResponse, code: string, status: number, message = 'told so'): void {
  res.writeHead(status, {
    'content-type': 'text/xml',
    'x-amzn-requestid': REQUEST_ID,
  });
  res.end(
    `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors>` +
      `<RequestID>${REQUEST_ID}</RequestID></Response>`,
  );
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
