import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { openCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { formatSignature, parseNote } from '../../src/proof/notes/signed-notes.ts';
import type { VerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { parseWitnessRequest } from '../../src/proof/notes/witness-requests.ts';
import { type TreeHead, verifyConsistency } from '../../src/proof/tree/merkle-proofs.ts';
import { cosignText } from '../../src/signing/log-keys.ts';
import type { Witness } from '../../src/witnesses/witness-list.ts';
import { testKey } from '../proof/keys.ts';

/** The status and the text of an answer. */
export type Answer = readonly [status: number, text: string];

/**
 * A witness of C2SP tlog-witness over real HTTP. `seen`: the newest checkpoint of each origin that it has cosigned.
 * `answers`: the status of each answer so far. `override`: what it answers instead, or null for what is right.
 */
export type TestWitness = Witness & {
  readonly seen: Map<string, TreeHead>;
  readonly answers: number[];
  override: ((body: string) => Answer | 'hang' | null | Promise<Answer>) | null;
  readonly close: () => Promise<void>;
};

/** Starts a witness that knows these keys of logs. `time`: the seconds since 1970 that it signs. */
export const startWitness = async (
  name: string,
  logs: readonly VerifierKey[],
  { time = 1_800_000_000 } = {},
): Promise<TestWitness> => {
  const key = testKey(name, 'WITNESS');
  const seen = new Map<string, TreeHead>();

  /** Follows the rules of the specification, in its order. */
  const answerTo = (body: string): Answer => {
    const { oldSize, proof, checkpoint } = parseWitnessRequest(body);
    const { text } = parseNote(checkpoint);
    const log = logs.find(({ name: origin }) => origin === text.split('\n')[0]);
    if (log === undefined) return [404, 'unknown log\n'];
    const { origin, size, root } = openCheckpoint(checkpoint, [log]);
    const older = seen.get(origin);
    if (oldSize !== (older?.size ?? 0)) return [409, `${older?.size ?? 0}\n`];
    try {
      if (older !== undefined) verifyConsistency(older, { size, root }, proof);
    } catch {
      return [422, 'the proof is wrong\n'];
    }
    seen.set(origin, { size, root });
    return [200, formatSignature(cosignText(text, time, key))];
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const isRight = request.method === 'POST' && request.url === '/add-checkpoint';
    const answer = (await witness.override?.(body)) ?? (isRight ? answerTo(body) : ([400, 'no such path\n'] as const));
    if (answer === 'hang') return;
    witness.answers.push(answer[0]);
    response.writeHead(answer[0], answer[0] === 409 ? { 'content-type': 'text/x.tlog.size' } : {}).end(answer[1]);
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const witness: TestWitness = {
    ...{ key: key.verifier, url: `http://127.0.0.1:${port}`, seen, answers: [], override: null, close },
  };
  return witness;
};
