namespace FtpMount.Service.Secrets;

/// <summary>One <c>machine</c> (or <c>default</c>) of a netrc file.</summary>
/// <param name="Machine">The host; null for <c>default</c>, which fits every host.</param>
/// <param name="Login">The user name, when there is one.</param>
/// <param name="Password">The password, when there is one.</param>
/// <param name="Account">What the server's ACCT asks for, when there is one.</param>
public sealed record NetrcEntry(string? Machine, string? Login, string? Password, string? Account)
{
    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Machine ?? "default"} {Login}";
}
