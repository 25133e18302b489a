import type { AnswerOf, InputOf } from '@license-ledger/client';
import { useEffect, useState } from 'react';
import { messageOf } from '../../../parts/failure.tsx';
import { useRead } from '../../../session/ledger.ts';
import { changeTexts as texts } from '../../../texts/license-change-texts.ts';
import { consequencesOfPreview } from './change-consequences.ts';

/** An operation that the server can carry out without recording anything. */
export type Previewed = 'changeLicenseLimits' | 'changeLicenseProducts' | 'changeLicenseTier' | 'resetUsage';

/** How long a form must rest before the server is asked, in milliseconds. */
const restMs = 250;

/**
 * Returns what a command would do, in sentences. `draft`: the input in the form; null: nothing to do yet. The server
 * decides it by the rules of the command, and a refusal is a sentence, too.
 */
export const usePreview = <Id extends Previewed>(id: Id, draft: InputOf<Id> | null): readonly string[] => {
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
  if (input === null) return [];
  if (preview.isError) return [texts.preview.refused(messageOf(preview.error))];
  const answer: AnswerOf<Previewed> | undefined = preview.data;
  return answer?.before === undefined || answer.after === undefined
    ? []
    : consequencesOfPreview({ before: answer.before, after: answer.after, ended: answer.ended });
};
