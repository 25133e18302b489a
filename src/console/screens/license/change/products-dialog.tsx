import { useState } from 'react';
import { CheckField } from '../../../parts/field.tsx';
import { Paged } from '../../../parts/paged.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { usePages } from '../../../session/paged-list.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import classes from '../license.module.css';
import { Consequences } from './consequences-list.tsx';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn } from './reasons.ts';
import { usePreview } from './use-preview.ts';

/** Adds products to a license and removes others. `proposed`: products that are checked at first. */
export const ChangeProducts = ({
  license,
  proposed = [],
  onClose,
}: {
  readonly license: License;
  readonly proposed?: readonly string[];
  readonly onClose: () => void;
}) => {
  const change = useCommand('changeLicenseProducts');
  const catalog = usePages('listProducts', {});
  const names = changeTexts.products;
  const [isSame, setSame] = useState(false);
  const params = { licenseId: license.id };
  const [draft, setDraft] = useState(differenceOf(license, [...license.products, ...proposed]));
  const preview = usePreview('changeLicenseProducts', draft === null ? null : { params, body: draft });
  const sold = catalog.entries.map(({ code }) => code);
  const codes = [...new Set([...license.products, ...proposed, ...sold])];
  const bodyIn = (form: FormData) => differenceOf(license, form.getAll('product').map(String));
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => {
        setSame(false);
        setDraft(bodyIn(form));
      }}
      inputOf={(form) => {
        const body = bodyIn(form);
        setSame(body === null);
        return body === null ? null : { params, body: { ...body, ...reasonIn(form) } };
      }}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <fieldset className={classes.group}>
        <legend>{names.legend}</legend>
        {codes.map((code) => (
          <CheckField
            key={code}
            label={code}
            name="product"
            value={code}
            defaultChecked={license.products.includes(code) || proposed.includes(code)}
          />
        ))}
      </fieldset>
      <Paged pages={catalog} empty={null} more={names.more}>
        {null}
      </Paged>
      <Consequences {...(isSame ? { sentences: [changeTexts.preview.nothing] } : preview)} />
      <ReasonFields />
    </Confirmation>
  );
};

/** Returns the products to add and to remove. Returns null when they are the same as now. */
const differenceOf = ({ products }: License, checked: readonly string[]) => {
  const add = [...new Set(checked)].filter((code) => !products.includes(code));
  const remove = products.filter((code) => !checked.includes(code));
  if (add.length + remove.length === 0) return null;
  return { ...(add.length === 0 ? {} : { add }), ...(remove.length === 0 ? {} : { remove }) };
};
