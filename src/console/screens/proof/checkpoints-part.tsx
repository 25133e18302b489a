import type { EntryOf } from '@license-ledger/client';
import { CopyButton } from '../../parts/copy.tsx';
import { number } from '../../parts/dates.ts';
import { Download } from '../../parts/download.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { proofTexts } from '../../texts/proof-texts.ts';
import { CheckpointNow } from './checkpoint-now.tsx';
import classes from './proof.module.css';
import { signaturesIn } from './served-proof.ts';

const texts = proofTexts.checkpoints;
const shortRoot = 8;

type Checkpoint = EntryOf<'listCheckpoints'>;

/** The checkpoints of the organization, the newest first, and what makes one now. */
export const CheckpointsPart = () => {
  const organizationId = useOrganizationId();
  const pages = usePages('listCheckpoints', { params: { organizationId } });
  return (
    <Part title={texts.title}>
      <p>{texts.text}</p>
      <Paged pages={pages} empty={texts.none}>
        {(checkpoints) => (
          <PartTable isStacked caption={texts.caption} columns={Object.values(texts.columns)}>
            {checkpoints.map((checkpoint) => (
              <Row key={`${checkpoint.origin} ${checkpoint.size}`} checkpoint={checkpoint} />
            ))}
          </PartTable>
        )}
      </Paged>
      <CheckpointNow />
    </Part>
  );
};

const Row = ({ checkpoint: { origin, size, root, signedAt, note } }: { readonly checkpoint: Checkpoint }) => (
  <tr>
    <th scope="row">
      <Moment at={signedAt} withAge />
    </th>
    <td data-label={texts.columns.size}>{number(size)}</td>
    <td data-label={texts.columns.root} className={classes.root}>
      <code title={root}>{root.slice(0, shortRoot)}…</code> <CopyButton text={root} />
    </td>
    <td data-label={texts.columns.signers}>
      {signaturesIn(note).map(({ name, keyId }) => (
        <p key={`${name} ${keyId}`}>
          {name === origin ? texts.log : texts.witness(name)} <span className={classes.soft}>{texts.key(keyId)}</span>
        </p>
      ))}
    </td>
    <td data-label={texts.columns.file}>
      <Download
        label={texts.download}
        name={texts.downloadOf(number(size))}
        text={note}
        file={`checkpoint-${size}.txt`}
      />
    </td>
  </tr>
);
