-- The AgencyOS template's tables. Those whose shape matters are written out; the others share one plain shape.
create table organizations (id uuid primary key, name varchar(255) not null, website varchar(255), sort integer);
create table contacts (id uuid primary key, first_name varchar(255), last_name varchar(255), email varchar(255), organization uuid references organizations (id) on delete set null);
create table os_proposals (id uuid primary key, status varchar(255) not null default 'draft', name varchar(255), organization uuid references organizations (id) on delete set null, total numeric(10, 2), date_created timestamptz);
create table os_proposal_approvals (id uuid primary key, status varchar(255) not null default 'draft', sort integer, user_created uuid references directus_users (id), date_created timestamptz, user_updated uuid references directus_users (id), date_updated timestamptz, signature_text varchar(255), signature_image uuid references directus_files (id) on delete set null, signature_type varchar(255), first_name varchar(255), last_name varchar(255), organization varchar(255), proposal uuid references os_proposals (id) on delete cascade, email varchar(255), metadata json, ip_address varchar(255), esignature_agreement boolean default false, contact uuid references contacts (id) on delete set null);
create table navigation (id varchar(255) primary key, title varchar(255), status varchar(255) not null default 'published');
create table navigation_items (id uuid primary key, navigation varchar(255) references navigation (id) on delete set null, parent uuid references navigation_items (id) on delete set null, title varchar(255), url varchar(255), sort integer);
create table os_invoices (id uuid primary key, invoice_number varchar(255), organization uuid references organizations (id) on delete set null, total numeric(10, 2), issue_date date);
create table os_expenses (id uuid primary key, name varchar(255), cost numeric(10, 2), invoice_item uuid, receipt uuid references directus_files (id) on delete set null);
create table os_invoice_items (id uuid primary key, invoice uuid references os_invoices (id) on delete set null, expense uuid references os_expenses (id) on delete set null, description text, amount numeric(10, 2));
-- the two refer to each other
alter table os_expenses add constraint os_expenses_invoice_item_foreign foreign key (invoice_item) references os_invoice_items (id) on delete set null;
do $$
declare
  name text;
begin
  foreach name in array string_to_array('block_button block_button_group block_columns block_columns_rows block_cta block_divider block_faqs block_form block_gallery block_gallery_files block_hero block_html block_logocloud block_logocloud_logos block_quote block_richtext block_step_items block_steps block_team block_testimonial_slider_items block_testimonials block_video categories conversations forms globals help_articles help_collections help_feedback inbox messages organization_addresses organizations_contacts pages page_blocks pages_blog pages_projects posts post_gallery_items redirects seo team testimonials os_activities os_activity_contacts os_deal_contacts os_deal_stages os_deals os_email_templates os_items os_payment_terms os_payments os_project_contacts os_project_templates os_project_updates os_projects os_proposal_blocks os_proposal_contacts os_settings os_task_files os_tasks os_tax_rates', ' ')
  loop
    execute format('create table %I (id uuid primary key, status varchar(255) not null default %L, sort integer, title varchar(255), content json, organization uuid references organizations (id) on delete set null, date_created timestamptz, user_created uuid references directus_users (id) on delete set null)', name, 'published');
    execute format('create index %I on %I (organization)', name || '_organization_index', name);
  end loop;
end $$;
