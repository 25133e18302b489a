import type { Manifest } from './pack-manifest.ts';

/** What README.txt says of a pack. `origin`: of the log. `size`: how many events its checkpoint covers. */
export type ReadMeFacts = Pick<Manifest, 'query' | 'organizationId' | 'createdAt'> & {
  readonly origin: string;
  readonly size: number;
  readonly isComplete: boolean;
};

/** Returns README.txt: what a pack is, how to check it, and what it cannot say. */
export const formatReadMe = ({ query, organizationId, createdAt, origin, size, isComplete }: ReadMeFacts): string =>
  `Evidence pack of License Ledger.

This file is a copy of the history of licenses of the organization ${organizationId}, from
${query.from} to ${query.to}. It was made at ${createdAt}.
The histories begin with the first event of each license, because the states follow from all events.

Files.

checkpoint      what the log ${origin} signed: its size, ${size} events, and the root of their tree.
events.ndjson   the events of the licenses, one on each line, with their numbers in the log.
states.ndjson   each license at both instants, with a line for each device, lease and user of it;
                personal values are references.
${
  isComplete
    ? 'leaves.ndjson   the entries of all events of the log: names and hashes, without content.'
    : 'proofs.ndjson   a proof for each event that the log contains it.'
}
log.vkey        public keys of the log, as the server has them.
manifest.json   the query, the counts and the SHA-256 of each file.

How to check it.

1. Get ledger-verify.mjs and the public key of the log from a place other than this pack. Someone who
   forges a pack can also forge the key in it.
2. Run: node ledger-verify.mjs pack <this zip> --key <key>${isComplete ? '' : ' --proofs-only'}
   It needs no network. It computes all hashes again, checks the signature, folds the events and
   compares the states. It names the first wrong line.
3. Do you have an older checkpoint of this log? Add --older <checkpoint>.${
    isComplete ? '' : '\n   This pack has no leaves, so that needs a consistency proof instead.'
  }
4. Did you ask for certain licenses? Add --license <id> for each one.

What it cannot say.

- ${
    isComplete
      ? 'Events after the checkpoint are not in it.'
      : 'Whether a history is complete: it proves each event, and not that there is no other one.\n- Events after the checkpoint are not in it.'
  }
- What was never recorded is not in it.
- The times and the content are what the ledger claims.
- The manifest is not signed. It does not prove that the query selected these licenses only.
- A server could show another log to others. Compare the checkpoint with theirs.
`;
