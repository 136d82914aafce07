/** Which EC2 operations does the simulator play? Everything else is answered with InvalidAction. */
import { AwsError } from '../errors';
import type { Handlers } from '../world/state';
import { addressOperations } from './addresses';
import { ruleOperations } from './authorize';
import { createFleetOperations } from './create-fleet';
import { fleetOperations } from './fleets';
import { imageOperations } from './images';
import { internetGatewayOperations } from './internet-gateways';
import { interfaceAttachmentOperations } from './interface-attachments';
import { instanceAttributeOperations } from './instance-attributes';
import { instanceStateOperations } from './instance-states';
import { instanceStatusOperations } from './instance-status';
import { instanceOperations } from './instances';
import { keyPairOperations } from './key-pairs';
import { launchTemplateVersionOperations } from './launch-template-versions';
import { launchTemplateOperations } from './launch-templates';
import { natGatewayOperations } from './nat-gateways';
import { networkAttributeOperations } from './network-attributes';
import { networkInterfaceOperations } from './network-interfaces';
import { ownImageOperations } from './own-images';
import { placeOperations } from './places';
import { placementGroupOperations } from './placement-groups';
import { priceOperations } from './prices';
import { routeTableOperations } from './route-tables';
import { routeOperations } from './routes';
import { runInstancesOperations } from './run-instances';
import { securityGroupOperations } from './security-groups';
import { snapshotOperations } from './snapshots';
import { spotRequestOperations } from './spot-requests';
import { subnetOperations } from './subnets';
import { tagOperations } from './tags';
import { volumeAttachmentOperations } from './volume-attachments';
import { volumeOperations } from './volumes';
import { vpcEndpointOperations } from './vpc-endpoints';
import { vpcOperations } from './vpcs';

const played: Handlers = {
  ...addressOperations,
  ...createFleetOperations,
  ...fleetOperations,
  ...imageOperations,
  ...interfaceAttachmentOperations,
  ...instanceAttributeOperations,
  ...instanceOperations,
  ...instanceStateOperations,
  ...instanceStatusOperations,
  ...internetGatewayOperations,
  ...keyPairOperations,
  ...launchTemplateOperations,
  ...launchTemplateVersionOperations,
  ...natGatewayOperations,
  ...networkAttributeOperations,
  ...networkInterfaceOperations,
  ...ownImageOperations,
  ...placeOperations,
  ...placementGroupOperations,
  ...priceOperations,
  ...routeOperations,
  ...routeTableOperations,
  ...ruleOperations,
  ...runInstancesOperations,
  ...securityGroupOperations,
  ...snapshotOperations,
  ...spotRequestOperations,
  ...subnetOperations,
  ...tagOperations,
  ...volumeAttachmentOperations,
  ...volumeOperations,
  ...vpcEndpointOperations,
  ...vpcOperations,
};

/** DryRun ends every call before it acts, once its parameters are well-formed (EC2 API reference, "Common parameters"). */
export const ec2Operations: Handlers = Object.fromEntries(
  Object.entries(played).map(([name, handler]) => [
    name,
    (input, ctx) => {
      if (input['DryRun'] === true) {
        throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
      }
      return handler(input, ctx);
    },
  ]),
);
