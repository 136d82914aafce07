/** Which key pairs are there? Made here with real key material, or imported; deleting one that is gone is fine. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimKeyPair } from '../world/state';
import { select } from './describe';
import type { Fields } from './filters';
import { invalid, missing, need, text, texts, type Input } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownKeyPair } from './unknown';

/** Up to 255 ASCII characters (EC2 API reference, CreateKeyPair). */
const NAME = /^[\x20-\x7e]{1,255}$/;

function newPair(ctx: HandlerContext, state: RegionState, input: Input, keyType: string, material: string): SimKeyPair {
  const name = need(input, 'KeyName');
  if (!NAME.test(name)) throw invalid('keyName', name, 'Up to 255 ASCII characters are allowed.');
  if ([...state.keyPairs.values()].some((pair) => pair.name === name)) {
    throw new AwsError('InvalidKeyPair.Duplicate', `The keypair '${name}' already exists.`);
  }
  const { 'key-pair': tags } = tagSpecs(input, ['key-pair']);
  const digest = createHash('sha256').update(material).digest('base64');
  return addResource<SimKeyPair>(state, {
    ...newResource(ctx, 'key-pair', newId(ctx.world, 'key'), tags),
    name,
    keyType,
    fingerprint: digest,
  });
}

const createKeyPair: Handler = (input, ctx) => {
  const keyType = text(input, 'KeyType') ?? 'rsa';
  if (keyType !== 'rsa' && keyType !== 'ed25519') throw invalid('keyType', keyType, 'Expecting rsa or ed25519.');
  const { privateKey } =
    keyType === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const material = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pair = newPair(ctx, regionState(ctx), input, keyType, material);
  return { KeyMaterial: material, ...render(pair) };
};

const importKeyPair: Handler = (input, ctx) => {
  const bytes = input['PublicKeyMaterial'];
  const material = bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : '';
  if (!/ssh-|BEGIN|ecdsa/.test(material))
    throw new AwsError('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  return render(newPair(ctx, regionState(ctx), input, material.includes('ed25519') ? 'ed25519' : 'rsa', material));
};

function render(pair: SimKeyPair): Record<string, unknown> {
  return { KeyPairId: pair.id, KeyName: pair.name, KeyFingerprint: pair.fingerprint, Tags: tagList(pair.tags) };
}

const FIELDS: Fields<SimKeyPair> = {
  'key-pair-id': ({ id }) => id,
  'key-name': ({ name }) => name,
  fingerprint: ({ fingerprint }) => fingerprint,
};

const describeKeyPairs: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const names = texts(input, 'KeyNames');
  const unknown = names.filter((name) => ![...state.keyPairs.values()].some((pair) => pair.name === name));
  if (unknown.length > 0)
    throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${unknown.join(', ')}' does not exist`);
  const { items } = select(ctx, state, input, {
    shelf: state.keyPairs,
    fields: FIELDS,
    ids: { member: 'KeyPairIds', prefix: 'key', malformed: 'InvalidParameterValue', unknown: unknownKeyPair },
  });
  const KeyPairs = items
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map((pair) => ({ ...render(pair), KeyType: pair.keyType, CreateTime: new Date(pair.createdAt) }));
  return { KeyPairs };
};

const deleteKeyPair: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const [id, name] = [text(input, 'KeyPairId'), text(input, 'KeyName')];
  if (id === undefined && name === undefined) throw missing('KeyName');
  const pair =
    id === undefined ? [...state.keyPairs.values()].find((item) => item.name === name) : state.keyPairs.get(id);
  if (!pair) return { Return: true };
  endResource(state, pair);
  return { Return: true, KeyPairId: pair.id };
};

export const keyPairOperations: Handlers = {
  CreateKeyPair: createKeyPair,
  ImportKeyPair: importKeyPair,
  DescribeKeyPairs: describeKeyPairs,
  DeleteKeyPair: deleteKeyPair,
};
