import { type DragEvent, type FormEvent, useState } from 'react';
import { AreaField } from '../../parts/area-field.tsx';
import { Button } from '../../parts/button.tsx';
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
  const [isOver, setOver] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | 'unreadable' | 'busy' | null>(null);
  const readConsistency = useReadConsistency();
  const take = async (chosen: readonly File[]) => {
    setVerdict(null);
    setFiles(chosen);
    // A file of keys counts as what the user typed, and stands there.
    const { isKeys, startOf } = await import('./verify-files.ts');
    const areKeys = await Promise.all(chosen.map(async (file) => isKeys(await startOf(givenFile(file)))));
    const keyFiles = chosen.filter((_, place) => areKeys[place]);
    if (keyFiles.length === 0) return;
    const lines = await Promise.all(keyFiles.map((file) => file.text()));
    setKeys((before) =>
      [before, ...lines]
        .map((text) => text.trimEnd())
        .filter(Boolean)
        .join('\n'),
    );
    setFiles((before) => before.filter((file) => !keyFiles.includes(file)));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]).catch(() => setVerdict('unreadable'));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setVerdict('busy');
    try {
      const { verifyFiles } = await import('./verify-files.ts');
      setVerdict(await verifyFiles(files.map(givenFile), keys, readConsistency));
    } catch {
      setVerdict('unreadable');
    }
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
                  take([...(currentTarget.files ?? [])]).catch(() => setVerdict('unreadable'));
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
              setVerdict(null);
              setKeys(value);
            }}
          />
          <ServedKey keys={keys} />
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

const givenFile = (file: File): GivenFile => ({
  name: file.name,
  size: file.size,
  read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
});

/** Returns what gets a consistency proof of the log of the organization. Other logs are not known to the page. */
const useReadConsistency = (): ReadConsistency => {
  const session = useSession();
  const own = useOrganizationId();
  return async ({ organizationId, from, to }) =>
    organizationId === own ? readText(session, own, `/v1/logs/${own}/consistency?from=${from}&to=${to}`) : null;
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

const Result = ({ verdict }: { readonly verdict: Verdict | 'unreadable' }) => {
  if (verdict === 'unreadable') return <p className={classes.bad}>{texts.unreadable}</p>;
  if (verdict.kind === 'lacking') return <p>{texts.lacks[verdict.lack]}</p>;
  if (verdict.kind === 'not proved')
    return (
      <p className={classes.bad}>
        {texts.wrong} {verdict.wrong}
      </p>
    );
  const { proved, notProved } = verdict.report;
  return (
    <div className={classes.form}>
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
