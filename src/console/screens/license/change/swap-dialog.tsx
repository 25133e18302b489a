import { TextField } from '../../../parts/field.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { texts } from '../../../texts/catalogue.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { Device, License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';

const names = changeTexts.swap;

/** Gives the place of a device to another one. */
export const SwapDevice = ({
  license,
  device,
  onClose,
}: {
  readonly license: License;
  readonly device: Device;
  readonly onClose: () => void;
}) => {
  const swap = useCommand('swapActivation');
  const inputOf = (form: FormData) => {
    const name = String(form.get('name')).trim();
    return {
      body: {
        licenseId: license.id,
        release: { activationId: device.id },
        fingerprint: String(form.get('fingerprint')).trim(),
        ...(name === '' ? {} : { name }),
      },
    };
  };
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.do}
      command={swap}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{device.name ?? texts.devices.unnamed}</p>
      <p>{names.text}</p>
      <TextField label={names.fingerprint} name="fingerprint" required maxLength={256} autoComplete="off" />
      <TextField label={names.name} name="name" maxLength={200} autoComplete="off" />
    </Confirmation>
  );
};
