import { LedgerProblem } from '@license-ledger/client';
import { type DragEvent, type FormEvent, useRef, useState } from 'react';
import { AreaField } from '../../parts/area-field.tsx';
import { Button } from '../../parts/button.tsx';
import { messageOf } from '../../parts/failure.tsx';
import { Labelled } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { readText } from '../../session/read-text.ts';
import { useSession } from '../../session/session-context.tsx';
import { proofTexts } from '../../texts/proof-texts.ts';
import classes from './proof.module.css';
import { useServedKeys } from './use-served-keys.ts';
import type { GivenFile, ReadConsistency, Verdict } from './verify-files.ts';

const texts = proofTexts.verify;

/** The check of files in the browser, with keys that the user brings. */
export const VerifyPart = () => {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [keys, setKeys] = useState('');
  const [fileKeys, setFileKeys] = useState('');
  const [isOver, setOver] = useState(false);
  const [verdict, setVerdict] = useState<Shown>(null);
  const readConsistency = useReadConsistency();
  const run = useRef(0);
  /** Returns what shows the end of this run, unless other files or keys stand there by then. */
  const begin = () => {
    run.current += 1;
    const own = run.current;
    return (change: () => void) => {
      if (run.current === own) change();
    };
  };
  const take = async (chosen: readonly File[]) => {
    const ifCurrent = begin();
    setVerdict(null);
    setFiles(chosen);
    setFileKeys('');
    try {
      const { textOfKeys } = await import('./verify-files.ts');
      const text = await textOfKeys(chosen.map(givenFile));
      ifCurrent(() => setFileKeys(text));
    } catch {
      ifCurrent(() => setVerdict('unreadable'));
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take([...event.dataTransfer.files]);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const ifCurrent = begin();
    setVerdict('busy');
    const end = await verdictOf(files, keys, readConsistency);
    ifCurrent(() => setVerdict(end));
  };
  return (
    <Part title={texts.title}>
      <p>{texts.text}</p>
      <form className={classes.form} onSubmit={(event) => void submit(event)}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the field within takes the keyboard. */}
        <div
          className={classes.drop}
          data-over={isOver}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <p>{texts.drop}</p>
          <Labelled label={texts.files} hint={texts.filesHint}>
            {(ids) => (
              <input
                {...ids}
                type="file"
                multiple
                onChange={({ currentTarget }) => {
                  void take([...(currentTarget.files ?? [])]);
                }}
              />
            )}
          </Labelled>
          {files.length > 0 && (
            <ul className={classes.list} aria-label={texts.chosen}>
              {files.map(({ name }) => (
                <li key={name}>{name}</li>
              ))}
            </ul>
          )}
          <AreaField
            label={texts.keys}
            hint={texts.keysHint}
            rows={3}
            spellCheck={false}
            value={keys}
            onChange={({ currentTarget: { value } }) => {
              begin();
              setVerdict(null);
              setKeys(value);
            }}
          />
          {fileKeys !== '' && (
            <>
              <p>{texts.fileKeys}</p>
              <code className={classes.key}>{fileKeys}</code>
            </>
          )}
          <ServedKey keys={`${keys}\n${fileKeys}`} />
        </div>
        <div>
          <Button type="submit" busy={verdict === 'busy'}>
            {texts.verify}
          </Button>
        </div>
      </form>
      <div role="status">{verdict !== null && verdict !== 'busy' && <Result verdict={verdict} />}</div>
    </Part>
  );
};

/** What stands below the form. `refused`: the server did not give the consistency proof, and said why. */
type End = Verdict | 'unreadable' | { readonly kind: 'refused'; readonly why: string };
type Shown = End | 'busy' | null;

const verdictOf = async (files: readonly File[], keys: string, readConsistency: ReadConsistency): Promise<End> => {
  try {
    const { verifyFiles } = await import('./verify-files.ts');
    return await verifyFiles(files.map(givenFile), keys, readConsistency);
  } catch (error) {
    return error instanceof LedgerProblem ? { kind: 'refused', why: messageOf(error) } : 'unreadable';
  }
};

const givenFile = (file: File): GivenFile => ({
  name: file.name,
  size: file.size,
  read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
});

/** Returns what gets a consistency proof of the log of the organization. Other logs are not known to the page. */
const useReadConsistency = (): ReadConsistency => {
  const session = useSession();
  const own = useOrganizationId();
  return async ({ organizationId, origin, from, to }) => {
    if (organizationId !== own) return null;
    const query = new URLSearchParams({ from: String(from), to: String(to), origin });
    return readText(session, own, `/v1/logs/${own}/consistency?${query}`);
  };
};

/** Says whether the server shows a key of the user, too. It decides nothing: a server that lies shows its own key. */
const ServedKey = ({ keys }: { readonly keys: string }) => {
  const { data } = useServedKeys();
  const linesOf = (text: string) => text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const served = new Set(linesOf(data ?? ''));
  const nameOf = (key: string) => key.slice(0, key.indexOf('+'));
  const names = new Set([...served].map(nameOf));
  const ofLog = linesOf(keys).filter((key) => names.has(nameOf(key)));
  if (ofLog.length === 0) return null;
  const isSame = ofLog.every((key) => served.has(key));
  return <p className={isSame ? classes.soft : classes.bad}>{isSame ? texts.sameKey : texts.otherKey}</p>;
};

const Result = ({ verdict }: { readonly verdict: End }) => {
  if (verdict === 'unreadable') return <p className={classes.bad}>{texts.unreadable}</p>;
  if (verdict.kind === 'refused')
    return (
      <p>
        {texts.refused} {verdict.why}
      </p>
    );
  if (verdict.kind === 'lacking') return <p>{texts.lacks[verdict.lack]}</p>;
  if (verdict.kind === 'not proved')
    return (
      <p className={classes.bad}>
        {texts.wrong} {verdict.wrong}
      </p>
    );
  const { proved, notProved, lacksLeaves = false } = verdict.report;
  return (
    <div className={classes.form}>
      {lacksLeaves && <p className={classes.bad}>{texts.lacksLeaves}</p>}
      <Sentences title={texts.proved} sentences={proved} className={classes.good} />
      <Sentences title={texts.notProved} sentences={notProved} />
    </div>
  );
};

const Sentences = ({
  title,
  sentences,
  className,
}: {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly className?: string | undefined;
}) => (
  <div className={className}>
    <h3>{title}</h3>
    <ul className={classes.list}>
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  </div>
);
