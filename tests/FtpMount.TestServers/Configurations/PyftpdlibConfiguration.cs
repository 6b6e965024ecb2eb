using System.Net;
using System.Text.Json;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>pyftpdlib, by a small program (pyftpdlib-server.py) that reads its configuration from JSON.</summary>
internal sealed class PyftpdlibConfiguration : FtpServerConfiguration
{
    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        Demand(!options.ForbidOverwrite, "pyftpdlib cannot forbid overwriting alone");
        Demand(options is { QuotaBytes: null, Deflate: false }, "pyftpdlib has neither quotas for the user nor MODE Z");
        Demand(options.AllowStoreRestart, "pyftpdlib cannot forbid REST before STOR");
        TestAccount account = TestAccount.Current;
        string configuration = directory.Write(
            "pyftpdlib.json",
            JsonSerializer.Serialize(new Dictionary<string, object?>
            {
                ["address"] = address.ToString(),
                ["port"] = port,
                ["user"] = account.Name,
                ["password"] = account.Password,
                ["uid"] = account.Uid,
                ["gid"] = account.Gid,
                ["root"] = directory.Root,
                ["permissions"] = options.ReadOnly ? "elr" : "elradfmwMT",
                ["anonymous"] = options.Anonymous,
                ["denied"] = options.DeniedCommands,
                ["idle"] = options.IdleSeconds,
                ["clients"] = options.MaxClients ?? 0,
                ["clients_per_host"] = options.MaxClientsPerHost ?? 0,
                ["certificate"] = options.UsesTls ? TestCertificate.WriteTo(directory).Both : null,
                ["implicit"] = options.ImplicitTls,
                ["tls_required"] = !options.OptionalTls,
                ["only_tls12"] = options.OnlyTls12,
                ["attributes"] = options.ExtraConfiguration
                    .Select(line => line.Split('=', 2))
                    .ToDictionary(pair => pair[0].Trim(), pair => JsonSerializer.Deserialize<JsonElement>(pair[1])),
            }),
            secret: true);
        return new ServerCommand(
            ServerInstallation.Python,
            ["-I", directory.WriteResource("pyftpdlib-server.py"), configuration],
            new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8", ["TZ"] = "UTC" },
            account.Name,
            account.Password);
    }
}
