using System.Text;

namespace FtpMount.Service.Options;

/// <summary>
/// Parses the lists behind <c>-o</c>: <c>key=value,key,...</c>, any number of them, later ones win. In a value a comma is written <c>\,</c> and a
/// backslash <c>\\</c>.
/// </summary>
public static class MountOptionParser
{
    /// <summary>Parses the lists in order.</summary>
    /// <param name="lists">The arguments of each <c>-o</c>.</param>
    /// <param name="ignoreUnknown">mount(8)'s sloppy mode: an unknown option is left out instead of being an error.</param>
    /// <exception cref="UsageException">An unknown option, a value that is missing, superfluous or wrong; says which.</exception>
    public static MountOptions Parse(IEnumerable<string> lists, bool ignoreUnknown = false)
    {
        ArgumentNullException.ThrowIfNull(lists);
        var options = new MountOptions();
        bool passive = false, active = false;
        foreach (var item in lists.SelectMany(Split))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? item : item[..equals];
            if (MountOptionTable.Find(name) is not { } definition)
            {
                if (ignoreUnknown || MountOptionTable.IsIgnored(name))
                    continue;
                throw Unknown(name);
            }

            var value = equals < 0 ? null : item[(equals + 1)..];
            if (definition.ValueName is null && value is not null)
                throw new UsageException($"The option {definition.Name} takes no value, but '{item}' was given");
            if (definition.ValueName is not null && string.IsNullOrEmpty(value))
                throw new UsageException($"The option {definition.Name} needs a value: {definition.Syntax}");
            options = definition.Apply(options, value ?? "");
            passive |= definition.Name == "passive";
            active |= definition.Name == "active";
            if (passive && active)
                throw new UsageException("The options passive and active exclude each other");
        }

        if (options.Proxy is not null && active)
            throw new UsageException("In active mode the server connects to this machine, which is not possible through a proxy: leave out active or proxy");
        if (options.ClientCertificateFile is null && (options.ClientKeyFile ?? options.ClientKeyPasswordFile) is not null)
            throw new UsageException("tls-key and tls-key-password-file are for a certificate: name it with tls-cert=FILE");
        return options;
    }

    /// <summary>Splits a list at its commas and undoes the escapes. Empty items are left out.</summary>
    public static IEnumerable<string> Split(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var item = new StringBuilder();
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] == '\\' && i + 1 < list.Length && list[i + 1] is ',' or '\\')
            {
                item.Append(list[++i]);
            }
            else if (list[i] == ',')
            {
                if (item.Length > 0)
                    yield return item.ToString();
                item.Clear();
            }
            else
            {
                item.Append(list[i]);
            }
        }

        if (item.Length > 0)
            yield return item.ToString();
    }

    /// <summary>Writes a value so that <see cref="Split"/> gives it back.</summary>
    public static string Escape(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
    }

    private static UsageException Unknown(string name)
    {
        if (name == "remount")
            return new UsageException("remount is not possible; unmount and mount again with the other options");
        if (name is "password" or "pass" or "passwd")
            return new UsageException($"There is no option {name}, because everyone could read it; use password-file=FILE, FTPMOUNT_PASSWORD or ~/.netrc");
        var nearest = NearestName.Find(name.Replace('_', '-'), MountOptionTable.All.Select(d => d.Name));
        return new UsageException(
            $"Unknown option '{name}'{(nearest is null ? "; 'ftpmount mount --help' lists them" : $"; did you mean {nearest}?")}");
    }
}
