"""Does an unmodified boto3 make a network, an image and a parameter, and take them down with its own waiters?

Usage: network.py URL. Prints one JSON document.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

TAGS = [{"Key": "ExperimentID", "Value": "foreign"}]
QUICK = {"Delay": 1, "MaxAttempts": 60}


def client(name):
    return boto3.client(
        name, region_name="us-west-2", endpoint_url=sys.argv[1], aws_access_key_id="key", aws_secret_access_key="secret"
    )


def tagged(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def code_of(call, **arguments):
    try:
        call(**arguments)
        return "not refused"
    except ClientError as error:
        return error.response["Error"]["Code"]


def until(ask, seconds=30):
    deadline = time.time() + seconds
    while not (answer := ask()):
        if time.time() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.05)
    return answer


ec2, ssm, tagging = (client(name) for name in ("ec2", "ssm", "resourcegroupstaggingapi"))
seen = {}

vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
ec2.get_waiter("vpc_available").wait(VpcIds=[vpc], WaiterConfig=QUICK)
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", TagSpecifications=tagged("subnet"))["Subnet"]["SubnetId"]
gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))["InternetGateway"][
    "InternetGatewayId"
]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
address = ec2.allocate_address(TagSpecifications=tagged("elastic-ip"))["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tagged("natgateway"))[
    "NatGateway"
]["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig=QUICK)
endpoint = ec2.create_vpc_endpoint(
    VpcId=vpc,
    VpcEndpointType="Interface",
    ServiceName="com.amazonaws.us-west-2.ssm",
    SubnetIds=[subnet],
    TagSpecifications=tagged("vpc-endpoint"),
)["VpcEndpoint"]["VpcEndpointId"]
image_of = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
machine = ec2.run_instances(
    ImageId=image_of, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet
)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[machine], WaiterConfig=QUICK)
image = ec2.create_image(InstanceId=machine, Name="foreign", TagSpecifications=tagged("image"))["ImageId"]
ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=QUICK)
ssm.put_parameter(Name="/foreign/a", Value="1", Type="String", Tags=TAGS)

seen["routes"] = sorted(
    route["State"] for route in ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
)
seen["parameters"] = [
    one["Name"]
    for page in ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=[{"Key": "tag:ExperimentID", "Values": ["foreign"]}]
    )
    for one in page["Parameters"]
]


def found():
    pages = tagging.get_paginator("get_resources").paginate(TagFilters=[{"Key": "ExperimentID", "Values": ["foreign"]}])
    kinds = sorted(one["ResourceARN"].split(":")[-1].split("/")[0] for page in pages for one in page["ResourceTagMappingList"])
    return kinds if len(kinds) == 9 else None


seen["found"] = until(found)
seen["refusals"] = {
    "addressOfNat": code_of(ec2.release_address, AllocationId=address),
    "detach": code_of(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc),
    "table": code_of(ec2.delete_route_table, RouteTableId=table),
    "gateway": code_of(ec2.delete_internet_gateway, InternetGatewayId=gateway),
    "subnet": code_of(ec2.delete_subnet, SubnetId=subnet),
    "vpc": code_of(ec2.delete_vpc, VpcId=vpc),
}

ec2.terminate_instances(InstanceIds=[machine])
ec2.delete_nat_gateway(NatGatewayId=nat)
seen["unsuccessful"] = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"]
ec2.deregister_image(ImageId=image)
ssm.delete_parameters(Names=["/foreign/a"])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[machine], WaiterConfig=QUICK)
ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig=QUICK)
until(lambda: not ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"])
ec2.release_address(AllocationId=address)
ec2.disassociate_route_table(AssociationId=association)
ec2.delete_route_table(RouteTableId=table)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
ec2.delete_internet_gateway(InternetGatewayId=gateway)
ec2.delete_subnet(SubnetId=subnet)
ec2.delete_vpc(VpcId=vpc)
seen["after"] = {
    "vpc": code_of(ec2.describe_vpcs, VpcIds=[vpc]),
    "table": code_of(ec2.describe_route_tables, RouteTableIds=[table]),
    "gateway": code_of(ec2.describe_internet_gateways, InternetGatewayIds=[gateway]),
    "endpoint": code_of(ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint]),
    "nat": ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"],
    "image": code_of(ec2.deregister_image, ImageId=image),
    "parameter": code_of(ssm.get_parameter, Name="/foreign/a"),
}
json.dump(seen, sys.stdout)
