using System.Reflection;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>All cases, by name.</summary>
public static class PosixMatrix
{
    /// <summary>The cases: the name, and the method that throws <see cref="CaseFailedException"/>.</summary>
    public static readonly IReadOnlyDictionary<string, Action<CaseDirectory>> Cases = typeof(PosixMatrix).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
        .Where(method => method.IsDefined(typeof(PosixCaseAttribute)))
        .ToDictionary(method => method.Name, method => method.CreateDelegate<Action<CaseDirectory>>());
}
