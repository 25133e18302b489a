import { type AnswerOf, LedgerProblem } from '@license-ledger/client';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { Button } from '../../parts/button.tsx';
import { number } from '../../parts/dates.ts';
import { Download } from '../../parts/download.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { useTyped } from '../../parts/use-typed.ts';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { readText } from '../../session/read-text.ts';
import { useSession } from '../../session/session-context.tsx';
import { proofTexts } from '../../texts/proof-texts.ts';
import { CheckpointNow } from './checkpoint-now.tsx';
import classes from './proof.module.css';
import { isEventId, proofIn } from './proof-in-address.ts';
import { leafIn, sizeIn } from './served-proof.ts';

const texts = proofTexts.event;

/** The proof of the event in the address, in words. */
export const EventProofPart = () => {
  const { event } = useSearch({ from: '/signed-in/$organizationId/proof' });
  const navigate = useNavigate({ from: '/$organizationId/proof' });
  const [typed, setTyped] = useTyped(event ?? '');
  const text = typed.trim();
  const isWrong = text !== '' && text !== event && !isEventId(text);
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    if (!isWrong) void navigate({ search: proofIn({ event: text }), replace: true, resetScroll: false });
  };
  return (
    <Part title={texts.title}>
      <form className={classes.form} onSubmit={submit}>
        <TextField
          label={texts.label}
          hint={texts.hint}
          fault={isWrong ? texts.wrong : undefined}
          value={typed}
          onChange={({ currentTarget: { value } }) => setTyped(value)}
          maxLength={40}
          autoComplete="off"
          spellCheck={false}
        />
        <div>
          <Button type="submit">{texts.show}</Button>
        </div>
      </form>
      {event !== undefined && <EventProof key={event} eventId={event} />}
    </Part>
  );
};

const EventProof = ({ eventId }: { readonly eventId: string }) => {
  const { data, isError, error, refetch } = useRead('getEventProof', { params: { eventId } });
  const code = error instanceof LedgerProblem ? error.code : null;
  if (code === 'NOT_IN_CHECKPOINT_YET')
    return (
      <>
        <p role="status">{texts.notYet}</p>
        <CheckpointNow />
      </>
    );
  if (code === 'NOT_FOUND') return <p role="status">{texts.missing}</p>;
  if (isError) return <Failure error={error} onRetry={refetch} />;
  return data === undefined ? <Loading /> : <InWords eventId={eventId} proof={data} />;
};

const InWords = ({ eventId, proof }: { readonly eventId: string; readonly proof: AnswerOf<'getEventProof'> }) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const { stream, revision, recordedAt, hash } = leafIn(proof.leaf);
  const size = sizeIn(proof.checkpoint);
  return (
    <>
      <p role="status">{texts.place(number(proof.index), number(size))}</p>
      <p>{texts.proves}</p>
      <p className={classes.soft}>{texts.provesNot}</p>
      <Facts
        facts={[
          [texts.stream, stream],
          [texts.revision, number(revision)],
          [texts.recorded, <Moment key="recorded" at={recordedAt} />],
          [
            texts.hash,
            <code key="hash" className={classes.key}>
              {hash}
            </code>,
          ],
        ]}
      />
      <div className={classes.buttons}>
        <Download
          label={texts.download}
          text={() => readText(session, organizationId, `/v1/events/${eventId}/proof`)}
          file={`${eventId}.tlog-proof`}
        />
        <Download label={texts.downloadLeaf} text={proof.leaf} file={`${eventId}.leaf.json`} />
      </div>
    </>
  );
};
