namespace FtpMount.Cli.Secrets;

/// <summary>What was taken from the command line and the environment so that other users and other programs do not see it.</summary>
/// <param name="UrlPassword">The password of the URL, as it was written there; null when there was none.</param>
/// <param name="ProxyPassword">The password of the option proxy, decoded; null when there was none.</param>
/// <param name="EnvironmentPassword"><c>FTPMOUNT_PASSWORD</c>; null when it was not set.</param>
internal sealed record HandedSecrets(string? UrlPassword, string? EnvironmentPassword, string? ProxyPassword)
{
    /// <summary>Nothing.</summary>
    internal static HandedSecrets None { get; } = new(null, null, null);

    /// <summary>No secrets.</summary>
    public override string ToString() => nameof(HandedSecrets);
}
