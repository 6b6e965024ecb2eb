namespace FtpMount.Service.Secrets;

/// <summary>What the login sends.</summary>
/// <param name="User">USER; for SFTP empty when the URL has none.</param>
/// <param name="Password">PASS; for SFTP empty when none was given.</param>
/// <param name="Account">ACCT, when the server asks for it; null when there is none.</param>
public sealed record Credentials(string User, string Password, string? Account)
{
    /// <summary>The user name only.</summary>
    public override string ToString() => User;
}
