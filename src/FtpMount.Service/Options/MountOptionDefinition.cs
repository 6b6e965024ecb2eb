namespace FtpMount.Service.Options;

/// <summary>One option of <c>-o</c>: how it is written, what it means, what it does.</summary>
/// <param name="Name">As documented, with hyphens; underscores are accepted for them.</param>
/// <param name="ValueName">What stands behind <c>=</c>, for help; null for an option without a value.</param>
/// <param name="Description">One line for help.</param>
/// <param name="Apply">Checks the value and adds it; throws <see cref="UsageException"/> saying what is wrong with it.</param>
public sealed record MountOptionDefinition(string Name, string? ValueName, string Description, Func<MountOptions, string, MountOptions> Apply)
{
    /// <summary>How it is written, for help: <c>cache-size=SIZE</c>.</summary>
    public string Syntax => ValueName is null ? Name : $"{Name}={ValueName}";
}
