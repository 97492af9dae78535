"""The connection of type ``loopwright_lake``: where the Delta tables are, and what their object store needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from loopwright.errors import CannotRun, MissingExtra

if TYPE_CHECKING:
    from airflow.sdk import Connection


class LakeHook(BaseHook):
    """Reads a lake's address and its object store's options from a connection.

    :param lake_conn_id: the connection; its ``uri`` and ``aws_conn_id`` are fields of its form.
    """

    conn_name_attr = "lake_conn_id"
    default_conn_name = "loopwright_lake"
    conn_type = "loopwright_lake"
    hook_name = "Loopwright lake"

    def __init__(self, lake_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = lake_conn_id

    def get_conn(self) -> Connection:
        """Return the connection itself."""
        return self.get_connection(self.conn_id)

    def uri(self) -> str:
        """Return the folder or URL of the tables.

        :raises CannotRun: if the connection names none.
        """
        connection = self.get_conn()
        uri = connection.extra_dejson.get("uri") or connection.host
        if not uri:
            raise CannotRun(
                "The lake's connection names no place.",
                where=f"connection {self.conn_id}",
                allowed="a folder or a URL such as s3://bucket/lake in its field `uri`",
                mend="Fill in the field in Admin → Connections.",
            )
        return str(uri)

    def storage_options(self) -> dict[str, str]:
        """Return what the object store needs, under the names that ``deltalake`` uses; empty for a folder.

        :raises MissingExtra: if the connection names an AWS connection and the Amazon provider is not installed.
        """
        aws_conn_id = self.get_conn().extra_dejson.get("aws_conn_id")
        return aws_storage_options(str(aws_conn_id)) if aws_conn_id else {}

    def test_connection(self) -> tuple[bool, str]:
        """Answer the button in Admin → Connections: whether the lake's root can be reached."""
        try:
            from loopwright.lake.storage import opened

            root = self.uri()
            filesystem, path = opened(root, self.storage_options())
            filesystem.exists(path)
        except Exception as error:  # noqa: BLE001 - the button shows whatever went wrong
            return False, f"{type(error).__name__}: {error}"
        return True, f"The lake at {root} answers."


def aws_storage_options(aws_conn_id: str) -> dict[str, str]:
    """Return an AWS connection as ``deltalake``'s storage options, secrets masked in every log.

    :param aws_conn_id: a connection of the Amazon provider.
    :raises MissingExtra: if that provider is not installed.
    """
    try:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    except ImportError as error:
        raise MissingExtra(
            "An s3:// lake needs Airflow's Amazon provider.", mend="pip install 'loopwright[s3]'"
        ) from error
    hook: Any = AwsBaseHook(aws_conn_id=aws_conn_id, client_type="s3")
    credentials = hook.get_credentials()
    endpoint = hook.conn_config.get_service_endpoint_url("s3")
    found = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_REGION": hook.region_name,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true" if str(endpoint).startswith("http://") else None,
    }
    for secret in (credentials.secret_key, credentials.token):
        if secret:
            mask_secret(secret)
    return {name: str(value) for name, value in found.items() if value}
