import type { AnswerOf, InputOf } from '@license-ledger/client';
import { useEffect, useState } from 'react';
import { messageOf } from '../../../parts/failure.tsx';
import { useRead } from '../../../session/ledger.ts';
import { isFinal } from '../../../session/send-once.ts';
import { changeTexts as texts } from '../../../texts/license-change-texts.ts';
import { consequencesOfPreview } from './change-consequences.ts';

/** An operation that the server can carry out without recording anything. */
export type Previewed =
  | 'changeLicenseLimits'
  | 'changeLicenseProducts'
  | 'changeLicenseTier'
  | 'renewLicense'
  | 'resetUsage';

/** What a command would do, in sentences. `failure`: the server could not say. */
export type Preview = {
  readonly sentences: readonly string[];
  readonly failure?: { readonly error: Error; readonly onRetry: () => unknown };
};

/** How long a form must rest before the server is asked, in milliseconds. */
const restMs = 250;

/**
 * Returns what a command would do. `draft`: the input in the form; null: nothing to do yet. The server decides it by the
 * rules of the command, and a refusal is a sentence, too.
 */
export const usePreview = <Id extends Previewed>(id: Id, draft: InputOf<Id> | null): Preview => {
  const text = JSON.stringify(draft);
  const [rested, setRested] = useState<string>(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  const input = JSON.parse(rested) as InputOf<Id> | null;
  const preview = useRead(id, { ...input, query: { preview: true } } as InputOf<Id>, {
    enabled: input !== null,
    keep: true,
  });
  if (input === null) return { sentences: [] };
  if (preview.isError)
    return isFinal(preview.error)
      ? { sentences: [texts.preview.refused(messageOf(preview.error))] }
      : { sentences: [], failure: { error: preview.error, onRetry: preview.refetch } };
  const answer: AnswerOf<Previewed> | undefined = preview.data;
  return answer?.before === undefined || answer.after === undefined
    ? { sentences: [] }
    : { sentences: consequencesOfPreview({ before: answer.before, after: answer.after, ended: answer.ended }) };
};
