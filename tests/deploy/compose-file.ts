import { readFileSync } from 'node:fs';
import { DockerfileParser } from 'dockerfile-ast';
import { parse } from 'yaml';

/** The parts of a service in a Compose file that the tests read. */
export type Service = {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly profiles?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
};
export type ComposeFile = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
};

/** Reads a Compose file with its anchors and merges, as `docker compose config` does, and without `${…}`. */
export const readCompose = (file: string): ComposeFile =>
  parse(readFileSync(file, 'utf8'), { merge: true, maxAliasCount: -1 });

/** Returns the services that run our image, and those of them that serve for as long as the installation runs. */
export const ourServices = ({ services }: ComposeFile) => {
  const ours = Object.entries(services).filter(([, { image }]) => /license-ledger/.test(image));
  return { ours, serving: ours.filter(([, { command }]) => command?.[0] === 'start') };
};

/** The environment, the health check and the entry point of the image. */
export const readImage = () => {
  const instructions = DockerfileParser.parse(readFileSync('Dockerfile', 'utf8')).getInstructions();
  const lastStage = instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM');
  const textOf = (keyword: string) =>
    instructions
      .slice(lastStage)
      .filter((instruction) => instruction.getKeyword() === keyword)
      .map((instruction) => (instruction.getArgumentsContent() ?? '').replaceAll('\\\n', ' '));
  const environment = Object.fromEntries(
    textOf('ENV').flatMap((line) =>
      [...line.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value] as const),
    ),
  );
  const health = /CMD (\[.*\])/s.exec(textOf('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]';
  return {
    environment,
    healthCommand: JSON.parse(health) as readonly string[],
    entrypoint: JSON.parse(textOf('ENTRYPOINT')[0] ?? '[]') as readonly string[],
    user: textOf('USER').at(-1),
  };
};
