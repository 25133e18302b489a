import type { AnswerOf } from '@license-ledger/client';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { texts as allTexts } from '../../texts/catalogue.ts';
import { customerTexts } from '../../texts/customer-texts.ts';
import classes from './customers.module.css';

const texts = customerTexts.offers;

type Offer = AnswerOf<'listLicenseOffers'>['data'][number];

/** The licenses that issuers offer to the organization, and the consent to hold them. */
export const OffersPart = () => {
  const pages = usePages('listLicenseOffers', {});
  const mayAnswer = useMay()('answerOffers');
  const [open, setOpen] = useState<{ readonly kind: 'accept' | 'decline'; readonly offer: Offer } | null>(null);
  const close = () => setOpen(null);
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none}>
        <PartTable
          isStacked
          caption={texts.caption}
          columns={[...Object.values(texts.columns), ...(mayAnswer ? [customerTexts.action] : [])]}
        >
          {pages.entries.map((offer) => (
            <tr key={offer.licenseId}>
              <th scope="row">{issuerOf(offer)}</th>
              <td data-label={texts.columns.products}>{offer.products.join(', ')}</td>
              <td data-label={texts.columns.tier}>{allTexts.tier[offer.tier]}</td>
              <td data-label={texts.columns.expires}>
                <Moment at={offer.expiresAt} withAge />
              </td>
              {mayAnswer && (
                <td>
                  <div className={classes.actions}>
                    <Button
                      kind="quiet"
                      aria-label={customerTexts.of(texts.accept, issuerOf(offer))}
                      onClick={() => setOpen({ kind: 'accept', offer })}
                    >
                      {texts.accept}
                    </Button>
                    <Button
                      kind="quiet"
                      aria-label={customerTexts.of(texts.decline, issuerOf(offer))}
                      onClick={() => setOpen({ kind: 'decline', offer })}
                    >
                      {texts.decline}
                    </Button>
                  </div>
                </td>
              )}
            </tr>
          ))}
        </PartTable>
      </Paged>
      {open?.kind === 'accept' && <Accept offer={open.offer} onClose={close} />}
      {open?.kind === 'decline' && <Decline offer={open.offer} onClose={close} />}
    </Part>
  );
};

const issuerOf = ({ issuer: { organizationId, name } }: Offer): string => name ?? organizationId;

type Props = { readonly offer: Offer; readonly onClose: () => void };

const Accept = ({ offer, onClose }: Props) => {
  const { licenseId, activations } = offer;
  const accept = useCommand('acceptLicenseOffer');
  return (
    <CommandDialog
      title={texts.acceptTitle}
      confirm={texts.accept}
      command={accept}
      inputOf={() => ({ params: { licenseId } })}
      onClose={onClose}
    >
      <p>
        {issuerOf(offer)}: {offer.products.join(', ')}
      </p>
      <p>{texts.acceptText}</p>
      <p>{activations === 'KEEP' ? texts.keeps : texts.releases}</p>
    </CommandDialog>
  );
};

const Decline = ({ offer, onClose }: Props) => {
  const { licenseId } = offer;
  const decline = useCommand('declineLicenseOffer');
  return (
    <CommandDialog
      title={texts.declineTitle}
      confirm={texts.decline}
      isDangerous
      command={decline}
      inputOf={() => ({ params: { licenseId } })}
      onClose={onClose}
    >
      <p>
        {issuerOf(offer)}: {offer.products.join(', ')}
      </p>
      <p>{texts.declineText}</p>
    </CommandDialog>
  );
};
