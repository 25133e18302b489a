import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What this machine offers to tests: its environment, and whether a program can be started, or a file exists. */
export type Machine = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly starts: (program: string, argument?: string) => boolean;
  readonly exists: (file: string) => boolean;
};

const thisMachine: Machine = {
  env: process.env,
  starts: (program, argument = '--version') => spawnSync(program, [argument]).status === 0,
  exists: existsSync,
};

/** Returns the file of an installed Chromium, or null when there is none. */
export const chromiumFile = ({ env, exists }: Machine = thisMachine): string | null => {
  const places = [env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return places.find((place) => place !== undefined && exists(place)) ?? null;
};

/** Returns the folder of Go’s packages that has `golang.org/x/mod/sumdb`. Returns null without it, or without Go. */
export const findSumdb = ({ starts, exists }: Machine = thisMachine): string | null => {
  const folder = '/usr/share/gocode';
  return starts('go', 'version') && exists(`${folder}/src/golang.org/x/mod/sumdb`) ? folder : null;
};

/** Returns one line for each kind of tests that this machine cannot run, with what to do. */
export const skippedTests = (machine: Machine = thisMachine): readonly string[] => {
  const { env, starts } = machine;
  const needs: readonly (readonly [boolean, string, string])[] = [
    [Boolean(env.TEST_REDIS_URL), 'the queue and servers mode on Redis', 'Set TEST_REDIS_URL to the URL of a Redis'],
    [starts('redis-server'), 'rate limits in Redis, and the loss of Redis', 'Install redis-server'],
    [chromiumFile(machine) !== null, 'pages in a browser', 'Install chromium, or set CHROMIUM_PATH'],
    [starts('python3'), 'the examples in Python', 'Install python3'],
    [findSumdb(machine) !== null, 'proofs with the tools of Go', 'Install golang-go and golang-golang-x-mod-dev'],
    [starts('psql'), 'deploy/compose.production.yml and its logins', 'Install the client of Postgres'],
  ];
  return needs.flatMap(([isThere, tests, remedy]) =>
    isThere ? [] : [`Not tested here: ${tests}. ${remedy} to run these tests.`],
  );
};
