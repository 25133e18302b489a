import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { ReservedDevice } from './unique-places.ts';
import type { SeenDevice } from './unseen-rule.ts';

/** Commands about devices. */
export type DeviceCommand =
  | Command<'Activate', Device>
  /** ADMIN in `by` is exempt from allowance and cooldown. */
  | Command<'Deactivate', { readonly device: DeviceName; readonly by: 'USER' | 'ADMIN' } & ByKey>
  /** Absent in `userRef` or `metadataRef`: it stays; null: it is removed. */
  | Command<
      'ChangeDevice',
      { readonly activationId: string; readonly userRef?: string | null; readonly metadataRef?: string | null }
    >
  /** The worker announces or carries out the deactivation of devices without a contact. */
  | Command<'ReleaseUnseen', { readonly devices: readonly SeenDevice[] }>
  /** Another license activates the device. Changes nothing while this license may be used. */
  | Command<'ReleaseExpired', { readonly activationId: string }>
  /** The holder replaces one device by another. */
  | Command<'SwapActivation', { readonly release: DeviceName; readonly activate: Device } & ByKey>;

/** `byKey`: the sender has only the key of the license. Absent: a credential of an organization, or the program. */
export type ByKey = { readonly byKey?: boolean };

/**
 * The name of a device: its fingerprint, the id of its activation, or both, which must then name one device. The policy
 * may find the device by the components that come with the fingerprint.
 */
export type DeviceName = { readonly components?: Readonly<Record<string, string>> } & (
  | { readonly fingerprintHash: string }
  | { readonly activationId: string; readonly fingerprintHash?: string }
);

/** A device to activate, or to update when it is active. `byKey` as in `ByKey`. */
export type Device = ByKey & {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  /** Hashes of its components, by name: the policy's matching may recognize the device by them. */
  readonly components?: Readonly<Record<string, string>>;
  readonly userRef?: string;
  readonly environment?: string;
  /** When the issuer's catalog says that its `appVersion` was released; absent: it does not. No event stores it. */
  readonly releasedAt?: Instant;
  /** What was reserved for it. Absent: nothing, so a policy with a wider uniqueness refuses it. No event stores it. */
  readonly reserved?: ReservedDevice;
};
