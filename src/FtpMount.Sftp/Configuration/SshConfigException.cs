namespace FtpMount.Sftp.Configuration;

/// <summary>A configuration file cannot be read, or says what cannot be done.</summary>
internal sealed class SshConfigException(string origin, string problem) : Exception($"{origin}: {problem}.");
