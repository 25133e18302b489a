import { Download } from '../../parts/download.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part } from '../../parts/part.tsx';
import { proofTexts } from '../../texts/proof-texts.ts';
import classes from './proof.module.css';
import { useServedKeys } from './use-served-keys.ts';

const texts = proofTexts.keys;

/** The public keys of the log as the server shows them. */
export const KeysPart = () => {
  const { data, isError, error, refetch } = useServedKeys();
  return (
    <Part title={texts.title}>
      <p>{texts.text}</p>
      {data === undefined && !isError && <Loading />}
      {isError && <Failure error={error} onRetry={refetch} />}
      {data === '' && <p>{texts.none}</p>}
      {data !== undefined && data !== '' && (
        <>
          {data
            .trimEnd()
            .split('\n')
            .map((key) => (
              <code key={key} className={classes.key}>
                {key}
              </code>
            ))}
          <div className={classes.buttons}>
            <Download label={texts.download} text={data} file="log.vkey" />
          </div>
        </>
      )}
    </Part>
  );
};
