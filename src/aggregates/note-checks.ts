import type { Checked, NoteChecks } from '../domain/issuer-log/issuer-log.ts';
import { InvalidProof } from '../proof/invalid.ts';
import { parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseRotation } from '../proof/notes/key-rotations.ts';
import { formatOrigin, parseOrigin, restartedOrigin } from '../proof/notes/log-origins.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import { textSignedBy } from '../signing/log-notes.ts';

const checked = <Value>(check: () => Value): Checked<Value> => {
  try {
    return { value: check() };
  } catch (error) {
    if (error instanceof InvalidProof) return { fault: error.message };
    throw error;
  }
};

/** The checks of notes and keys that the rules of a log need. */
export const noteChecks: NoteChecks = {
  checkpoint: (note, vkey) =>
    checked(() => {
      const { origin, size, root } = parseCheckpoint(textSignedBy(note, vkey));
      return { origin, size, root: encodeBase64(root) };
    }),
  rotation: (note, vkey) => checked(() => parseRotation(textSignedBy(note, vkey))),
  originOfKey: (vkey) => checked(() => parseVerifierKey(vkey).name),
  restartedOrigin: (origin) => checked(() => restartedOrigin(origin)),
  isLaterName: (origin, than) => {
    const names = checked(() => [parseOrigin(origin), parseOrigin(than)] as const);
    if ('fault' in names) return false;
    const [later, earlier] = names.value;
    return (
      formatOrigin({ ...later, generation: 1 }) === formatOrigin({ ...earlier, generation: 1 }) &&
      later.generation > earlier.generation
    );
  },
};
