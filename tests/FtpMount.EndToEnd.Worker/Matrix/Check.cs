using System.Runtime.CompilerServices;
using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>What a case expects.</summary>
public static class Check
{
    /// <summary>The call must succeed; gives its value.</summary>
    public static long Ok(Outcome outcome, [CallerArgumentExpression(nameof(outcome))] string call = "") =>
        outcome.Succeeded ? outcome.Value : throw new CaseFailedException(outcome.Error.ToString(), $"{call}: success expected, got {outcome}");

    /// <summary>The call must fail with exactly this errno.</summary>
    public static void Fails(Errno expected, Outcome outcome, [CallerArgumentExpression(nameof(outcome))] string call = "")
    {
        if (outcome.Error != expected)
            throw new CaseFailedException(outcome.Succeeded ? "success" : outcome.Error.ToString(), $"{call}: {expected} expected, got {outcome}");
    }

    /// <summary>The call must fail with one of these errnos, where POSIX leaves the choice.</summary>
    public static void FailsWithOneOf(ReadOnlySpan<Errno> expected, Outcome outcome, [CallerArgumentExpression(nameof(outcome))] string call = "")
    {
        if (!expected.Contains(outcome.Error))
            throw new CaseFailedException(outcome.Succeeded ? "success" : outcome.Error.ToString(), $"{call}: one of {string.Join(", ", expected.ToArray())} expected, got {outcome}");
    }

    /// <summary>The values must be equal.</summary>
    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new CaseFailedException($"{actual}", $"{what}: {expected} expected, got {actual}");
    }

    /// <summary>The bytes must be equal.</summary>
    public static void Bytes(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        int same = expected.CommonPrefixLength(actual);
        if (same == expected.Length && same == actual.Length)
            return;
        throw new CaseFailedException(
            "other content",
            $"{what}: {expected.Length} bytes expected, got {actual.Length}; they differ from offset {same} on: expected {Excerpt(expected, same)}, got {Excerpt(actual, same)}");
    }

    /// <summary>The statement must hold.</summary>
    public static void That(bool holds, string otherwise, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (!holds)
            throw new CaseFailedException(otherwise, $"{what}: {otherwise}");
    }

    private static string Excerpt(ReadOnlySpan<byte> bytes, int offset) =>
        offset >= bytes.Length ? "the end" : Convert.ToHexString(bytes[offset..Math.Min(bytes.Length, offset + 16)]);
}
