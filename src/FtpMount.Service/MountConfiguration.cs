using System.Text.Json;
using System.Text.Json.Serialization;
using FtpMount.Service.Options;
using FtpMount.Service.Secrets;
using FtpMount.Service.Urls;

namespace FtpMount.Service;

/// <summary>Everything that a mount is made from, checked and resolved: the process that serves it needs no environment, no terminal and no secret file.</summary>
public sealed record MountConfiguration
{
    /// <summary>What is mounted, without user and password where those came from elsewhere.</summary>
    public required RemoteUrl Url { get; init; }

    /// <summary>What the login sends.</summary>
    public required Credentials Credentials { get; init; }

    /// <summary>Where; canonical (<see cref="MountPoints.MountPointPath"/>).</summary>
    public required string MountPoint { get; init; }

    /// <summary>
    /// What the system lists as the mount's source: the URL as the user wrote it, without the password, so that mount(8) recognises its fstab line.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>The options.</summary>
    public required MountOptions Options { get; init; }

    /// <summary>What decrypts the key of the client certificate; null when it is not encrypted.</summary>
    [JsonConverter(typeof(SecretJsonConverter))]
    public string? ClientKeyPassword { get; init; }

    /// <summary>The password for the proxy; null when it needs none.</summary>
    [JsonConverter(typeof(SecretJsonConverter))]
    public string? ProxyPassword { get; init; }

    /// <summary>For handing it to another process over a private channel: it holds the passwords.</summary>
    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, MountConfigurationJson.Default.MountConfiguration);

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static MountConfiguration Deserialize(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, MountConfigurationJson.Default.MountConfiguration) ?? throw new JsonException("The configuration is null.");

    /// <summary>Without the passwords.</summary>
    public override string ToString() => $"{Source} on {MountPoint}";
}
