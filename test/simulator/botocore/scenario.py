"""Does an unmodified boto3 get through a life of a few nodes? Launch, watch, command, tag, find, end.

Usage: scenario.py URL. Uses waiters and paginators of boto3 itself. Prints one JSON document.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

REGION = "us-west-2"
TAGS = [{"Key": "ExperimentID", "Value": "foreign"}, {"Key": "ManagedBy", "Value": "boto3"}]


def client(name):
    return boto3.client(
        name, region_name=REGION, endpoint_url=sys.argv[1], aws_access_key_id="key", aws_secret_access_key="secret"
    )


def code_of(call, **arguments):
    try:
        call(**arguments)
        return "not refused"
    except ClientError as error:
        return error.response["Error"]["Code"]


def until(ask, seconds=20):
    deadline = time.time() + seconds
    while not (answer := ask()):
        if time.time() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)
    return answer


ec2, ssm, tagging, sts = (client(name) for name in ("ec2", "ssm", "resourcegroupstaggingapi", "sts"))
seen = {"account": sts.get_caller_identity()["Account"]}
seen["regions"] = sorted(region["RegionName"] for region in ec2.describe_regions()["Regions"])

parameter = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
image = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
seen["architecture"] = ec2.describe_images(ImageIds=[image])["Images"][0]["Architecture"]

subnet = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
group = ec2.create_security_group(
    GroupName="foreign & group",
    Description="made by boto3",
    VpcId=subnet["VpcId"],
    TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
)["GroupId"]
ec2.create_launch_template(
    LaunchTemplateName="foreign",
    LaunchTemplateData={
        "ImageId": image,
        "InstanceType": "t3.micro",
        "SecurityGroupIds": [group],
        "IamInstanceProfile": {"Name": "node"},
    },
    TagSpecifications=[{"ResourceType": "launch-template", "Tags": TAGS}],
)
fleet = ec2.create_fleet(
    Type="instant",
    LaunchTemplateConfigs=[
        {
            "LaunchTemplateSpecification": {"LaunchTemplateName": "foreign", "Version": "$Latest"},
            "Overrides": [{"SubnetId": subnet["SubnetId"], "InstanceType": "t3.micro"}],
        }
    ],
    TargetCapacitySpecification={"TotalTargetCapacity": 3, "DefaultTargetCapacityType": "spot"},
    SpotOptions={"AllocationStrategy": "price-capacity-optimized"},
    TagSpecifications=[{"ResourceType": kind, "Tags": TAGS} for kind in ("instance", "fleet")],
)
ids = sorted(one for entry in fleet["Instances"] for one in entry["InstanceIds"])
seen["launched"] = len(ids)
seen["fleetErrors"] = fleet.get("Errors", [])
ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
seen["lifecycle"] = sorted(
    {
        one.get("InstanceLifecycle")
        for page in ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "tag:ExperimentID", "Values": ["foreign"]}], PaginationConfig={"PageSize": 5}
        )
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    }
)


def online():
    pages = ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 5})
    return sorted(one["InstanceId"] for page in pages for one in page["InstanceInformationList"]) == ids


until(online)
command = ssm.send_command(
    InstanceIds=ids, DocumentName="AWS-RunShellScript", Parameters={"commands": ["say hello"]}, Comment="foreign"
)["Command"]["CommandId"]
waiter = ssm.get_waiter("command_executed")
for one in ids:
    waiter.wait(CommandId=command, InstanceId=one, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
seen["outputs"] = [
    ssm.get_command_invocation(CommandId=command, InstanceId=one)["StandardOutputContent"] for one in ids
]
seen["invocations"] = len(
    ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
)

ec2.create_tags(Resources=[ids[0]], Tags=[{"Key": "Slot", "Value": "a-0 <&>"}])


def found():
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "ExperimentID", "Values": ["foreign"]}], ResourcesPerPage=2
    )
    arns = sorted(one["ResourceARN"].split(":")[-1].split("/")[0] for page in pages for one in page["ResourceTagMappingList"])
    return arns if arns.count("instance") == len(ids) else None


seen["found"] = until(found)
seen["slot"] = ec2.describe_tags(
    Filters=[{"Name": "resource-id", "Values": [ids[0]]}, {"Name": "key", "Values": ["Slot"]}]
)["Tags"][0]["Value"]

seen["refusals"] = {
    "dryRun": code_of(ec2.terminate_instances, InstanceIds=ids, DryRun=True),
    "groupInUse": code_of(ec2.delete_security_group, GroupId=group),
    "noInstance": code_of(ec2.describe_instances, InstanceIds=["i-00000000000000000"]),
    "noFilter": code_of(ec2.describe_instances, Filters=[{"Name": "no-such", "Values": ["x"]}]),
    "noAgent": code_of(
        ssm.send_command,
        InstanceIds=["i-00000000000000000"],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": ["x"]},
    ),
    "noParameter": code_of(ssm.get_parameter, Name="/no/such"),
    "noOperation": code_of(ec2.describe_host_reservations),
}

ec2.terminate_instances(InstanceIds=ids)
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
until(lambda: code_of(ec2.delete_security_group, GroupId=group) in ("not refused", "InvalidGroup.NotFound"))
ec2.delete_launch_template(LaunchTemplateName="foreign")
json.dump(seen, sys.stdout)
