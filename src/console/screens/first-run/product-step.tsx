import type { FormEvent } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { Refused } from '../../shell/refused.tsx';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import type { Product } from '../../types.ts';
import classes from './first-run.module.css';

/** The step that adds the first product. `product`: the one that exists already. */
export const ProductStep = ({ product }: { readonly product: Product | null }) => {
  const names = firstRunTexts.steps.product;
  const mayChange = usePermission('changeCatalog');
  return (
    <Part title={names.title}>
      <p className={classes.soft}>{names.text}</p>
      {product !== null && (
        <p role="status" className={classes.arrived}>
          {names.exists(product.name, product.code)}
        </p>
      )}
      {product === null && (mayChange ? <Create /> : <Refused text={names.refused} />)}
    </Part>
  );
};

const Create = () => {
  const names = firstRunTexts.steps.product;
  const create = useCommand('createProduct');
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({ body: { name: String(form.get('name')).trim(), code: String(form.get('code')).trim() } });
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <div className={classes.fields}>
        <TextField label={names.name} name="name" required maxLength={200} defaultValue={names.sampleName} />
        <TextField
          label={names.code}
          hint={names.codeHint}
          name="code"
          required
          pattern="[a-z][a-z0-9_\-]{1,39}"
          maxLength={40}
          defaultValue={names.sampleCode}
        />
      </div>
      {create.isError && <Failure error={create.error} />}
      <div>
        <Button type="submit" kind="primary" busy={create.isPending}>
          {names.submit}
        </Button>
      </div>
    </form>
  );
};
