import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';
import { loadSpec } from '../../src/cli/spec-layers';
import { createFolderLibrary } from '../../src/library/folder';
import { runCli } from './fake-context';

const folder = resolve(__dirname, '../../examples');
const specs = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.includes('scenario'));
const published = JSON.parse(readFileSync(join(folder, 'experiment.schema.json'), 'utf8')) as object;

describe('the examples', () => {
  it('are the quick one, the lab, the swarm, the GPU and the network', () => {
    expect(specs.sort()).toEqual([
      'gpu-one.yaml',
      'own-network.yaml',
      'pulsar-lab.yaml',
      'pulsar-quick.yaml',
      'spot-swarm.yaml',
    ]);
  });

  it.each(specs)('%s is right by the schema, and by the JSON Schema that editors read', async (name) => {
    const file = join(folder, name);
    const validate = new Ajv2020({ strict: false }).compile(published);

    const { code, out } = await runCli(['spec', 'validate', file]);

    expect(out).toEqual([`${file}: ok`]);
    expect(code).toBe(0);
    expect(validate(parse(readFileSync(file, 'utf8')))).toBe(true);
  });

  it.each(specs)('%s points editors at the published schema', (name) => {
    expect(readFileSync(join(folder, name), 'utf8').split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./experiment.schema.json',
    );
  });

  it('have the schema that the program prints (renew it with: holdfast spec schema)', async () => {
    const { out } = await runCli(['spec', 'schema']);

    expect(JSON.parse(out.join('\n'))).toEqual(published);
  });

  it('hold the real lab: its nodes, volumes, units and health checks', async () => {
    const { spec } = await loadSpec({ file: [join(folder, 'pulsar-lab.yaml')], set: [] }, createFolderLibrary());
    const { zookeeper, bookkeeper, broker, client } = spec.components;

    expect(spec.regions).toEqual(['us-west-2']);
    expect(zookeeper).toMatchObject({ count: 3, instanceTypes: ['t3.micro'], services: ['zookeeper.service'] });
    expect(zookeeper?.health).toEqual([{ tcp: 2181, send: 'ruok', expect: 'imok' }]);
    expect(bookkeeper).toMatchObject({ count: 3, instanceTypes: ['t3.small'], services: ['bookkeeper.service'] });
    expect(bookkeeper?.volumes).toMatchObject([{ sizeGiB: 50, type: 'gp3', throughputMBps: 125 }]);
    expect(bookkeeper?.health).toEqual([{ tcp: 3181 }]);
    expect(broker).toMatchObject({ count: 2, instanceTypes: ['t3.small'], services: ['pulsar-broker.service'] });
    expect(broker?.health).toEqual([{ http: 8080, path: '/admin/v2/brokers/health', status: 200 }]);
    expect(client).toMatchObject({ count: 1, instanceTypes: ['t3.small'] });
    expect(spec.steps).toMatchObject([{ name: 'fixed-rate', on: ['client'], result: { json: 'result.json' } }]);
  });
});
