"""A client's connection, read from a file and the environment instead of written into the program.

    config = ClientConfig.load_client_connect_config()
    client = await Client.connect(**config)

The file and the variables are those of the official SDKs and of the `temporal` command: see `_loading`.
"""

from mainspring.envconfig._config import (
    ClientConfig,
    ClientConfigProfile,
    ClientConfigProfileDict,
    ClientConfigTLS,
    ClientConfigTLSDict,
    ClientConnectConfig,
    DataSource,
)

__all__ = [
    "ClientConfig",
    "ClientConfigProfile",
    "ClientConfigProfileDict",
    "ClientConfigTLS",
    "ClientConfigTLSDict",
    "ClientConnectConfig",
    "DataSource",
]
