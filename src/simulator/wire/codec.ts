/** How do bytes become inputs, and outputs bytes? One way in and one way out for all operations of a protocol. */
import { JsonCodec2 } from '@smithy/core/protocols';
import { AwsError } from '../errors';
import { decodeForm, parseForm } from './form';
import type { Identified, Protocol, WireRequest } from './identify';
import { checkRequired } from './required';
import { operationOf, type Operation } from './services';
import { encodeXml, escapeXml } from './xml';

export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

const XML_HEADERS = { 'content-type': 'text/xml;charset=UTF-8' };
const JSON_HEADERS = { 'content-type': 'application/x-amz-json-1.1' };
const NAMESPACES: Record<'ec2' | 'query', string> = {
  ec2: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  query: 'https://sts.amazonaws.com/doc/2011-06-15/',
};

/** awsJson1.1: timestamps are epoch seconds (format 7 of the schema sentinels) unless a member says otherwise. */
const json = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: false });

/** Finds the operation and reads its input; refuses unknown operations and members, and missing required ones. */
export async function decodeInput(
  caller: Identified,
  request: WireRequest,
): Promise<{ operation: Operation; input: Record<string, unknown> }> {
  const operation = operationOf(caller.service, caller.operation);
  if (!operation) throw unknownOperation(caller.protocol, caller.operation);
  const input =
    caller.protocol === 'json'
      ? await readJson(operation, request.body)
      : decodeForm(operation.input, parseForm(request.body.toString('utf8')), caller.protocol);
  checkRequired(caller.protocol, operation.input, input);
  return { operation, input: input as Record<string, unknown> };
}

/** What AWS says to an action that it does not have; the simulator says the same to one that it does not play. */
export function unknownOperation(protocol: Protocol, name: string): AwsError {
  const code = protocol === 'json' ? 'UnknownOperationException' : 'InvalidAction';
  return new AwsError(code, `The action ${name} is not valid for this web service.`);
}

async function readJson(operation: Operation, body: Buffer): Promise<unknown> {
  try {
    return await json.createDeserializer().read(operation.inputSchema, body.length > 0 ? body.toString('utf8') : '{}');
  } catch (error) {
    throw new AwsError('SerializationException', error instanceof Error ? error.message : 'The body is not JSON');
  }
}

export function encodeOutput(
  caller: Identified,
  operation: Operation,
  output: Record<string, unknown>,
  requestId: string,
): WireAnswer {
  if (caller.protocol === 'json') return { status: 200, headers: JSON_HEADERS, body: writeJson(operation, output) };
  const inner = encodeXml(operation.output, output);
  const { name } = operation;
  const [space, body] =
    caller.protocol === 'ec2'
      ? [NAMESPACES.ec2, `<requestId>${requestId}</requestId>${inner}`]
      : [
          NAMESPACES.query,
          `<${name}Result>${inner}</${name}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`,
        ];
  return { status: 200, headers: XML_HEADERS, body: xml(`${name}Response`, space, body) };
}

function writeJson(operation: Operation, output: Record<string, unknown>): string | Uint8Array {
  const serializer = json.createSerializer();
  serializer.write(operation.outputSchema, output);
  return serializer.flush();
}

export function encodeError(protocol: Protocol, error: AwsError, requestId: string): WireAnswer {
  const { code, message, status } = error;
  if (protocol === 'json') {
    return { status, headers: JSON_HEADERS, body: JSON.stringify({ __type: code, message, Message: message }) };
  }
  const detail = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  const body =
    protocol === 'ec2'
      ? `<Response><Errors><Error>${detail}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : xml(
          'ErrorResponse',
          NAMESPACES.query,
          `<Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>${detail}</Error><RequestId>${requestId}</RequestId>`,
        );
  return {
    status,
    headers: XML_HEADERS,
    body: protocol === 'ec2' ? `<?xml version="1.0" encoding="UTF-8"?>\n${body}` : body,
  };
}

function xml(root: string, space: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${space}">${body}</${root}>`;
}
